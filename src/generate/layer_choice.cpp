#include "w2s/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::string_view auto_name = "auto";
constexpr std::string_view auto_prefix = "auto:";

std::optional<std::size_t> parse_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorKind::usage,
              fmt::format("'{}' names no layers: use auto (the predictor decides), auto:K (its K most "
                          "likely layers), a layer counted from 0, or a list of layers",
                          text));
}

}  // namespace

LayerChoice choose_layers(std::vector<std::size_t> layers) {
  if (layers.empty()) throw Error(ErrorKind::usage, "a list of layers names none");
  std::ranges::sort(layers);
  const auto twice = std::ranges::adjacent_find(layers);
  if (twice != layers.end()) throw Error(ErrorKind::usage, fmt::format("layer {} is named twice", *twice));
  return {.layers = std::move(layers)};
}

LayerChoice parse_layer_choice(std::string_view text) {
  if (text == auto_name) return {};
  if (text.starts_with(auto_prefix)) {
    const auto count = parse_number(text.substr(auto_prefix.size()));
    if (!count || *count == 0) refuse(text);
    return {.most_likely = *count};
  }
  std::vector<std::size_t> layers;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find(',', begin), text.size());
    const auto layer = parse_number(text.substr(begin, end - begin));
    if (!layer) refuse(text);
    layers.push_back(*layer);
    begin = end + 1;
  }
  return choose_layers(std::move(layers));
}

std::string to_string(const LayerChoice& choice) {
  if (!choice.is_auto()) return fmt::format("{}", fmt::join(choice.layers, ","));
  return choice.most_likely == 1 ? std::string(auto_name) : fmt::format("{}{}", auto_prefix, choice.most_likely);
}

}  // namespace w2s
