#include "w2s/sweep.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::string_view last_suffix = "-last";
constexpr std::string_view mean_suffix = "-mean";

std::optional<std::size_t> parse_layer(std::string_view name, std::size_t layers) {
  if (name == "first") return 0;
  if (name == "middle") return layers / 2;
  constexpr std::string_view prefix = "layer";
  if (!name.starts_with(prefix)) return std::nullopt;
  name.remove_prefix(prefix.size());
  std::size_t layer = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), layer);
  if (error != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return layer;
}

std::optional<PromptEncoder> parse_parts(std::string_view name, std::size_t layers) {
  const bool is_last = name.ends_with(last_suffix);
  if (!is_last && !name.ends_with(mean_suffix)) return std::nullopt;
  const auto layer = parse_layer(name.substr(0, name.size() - last_suffix.size()), layers);
  if (!layer) return std::nullopt;
  return PromptEncoder{*layer, is_last ? Pooling::last : Pooling::mean};
}

}  // namespace

std::string to_string(const PromptEncoder& encoder) {
  const std::string_view suffix = encoder.pooling == Pooling::last ? last_suffix : mean_suffix;
  return encoder.layer == 0 ? fmt::format("first{}", suffix) : fmt::format("layer{}{}", encoder.layer, suffix);
}

PromptEncoder parse_prompt_encoder(std::string_view name, std::size_t layers) {
  const auto encoder = parse_parts(name, layers);
  if (!encoder) {
    throw Error(ErrorKind::usage,
                fmt::format("unknown prompt encoder '{}': use first-last, first-mean, middle-last, middle-mean, "
                            "layer<K>-last or layer<K>-mean with K from 0",
                            name));
  }
  if (encoder->layer >= layers) {
    throw Error(ErrorKind::usage, fmt::format("prompt encoder '{}': the model has {} layers, counted from 0; use a "
                                              "layer below {}",
                                              name, layers, layers));
  }
  return *encoder;
}

PromptNeeds needs_of(std::span<const PromptEncoder> encoders) {
  PromptNeeds needs;
  for (const auto& [layer, pooling] : encoders) (pooling == Pooling::last ? needs.last : needs.means).insert(layer);
  return needs;
}

const std::vector<float>& encoding_of(const PromptEncoder& encoder, const PromptReading& reading) {
  return (encoder.pooling == Pooling::last ? reading.last : reading.means).at(encoder.layer);
}

std::vector<PromptEncoder> default_prompt_encoders(std::size_t layers) {
  std::vector<PromptEncoder> encoders;
  for (const std::size_t layer : {std::size_t{0}, layers / 4, layers / 3, layers / 2, layers * 2 / 3, layers * 3 / 4}) {
    // In a shallow model several of these are the same layer.
    if (!encoders.empty() && encoders.back().layer == layer) continue;
    encoders.push_back({layer, Pooling::last});
    encoders.push_back({layer, Pooling::mean});
  }
  return encoders;
}

void normalize(std::vector<float>& embedding) {
  double square = 0;
  for (const float value : embedding) square += static_cast<double>(value) * static_cast<double>(value);
  if (square == 0) return;
  const double norm = std::sqrt(square);
  for (float& value : embedding) value = static_cast<float>(static_cast<double>(value) / norm);
}

}  // namespace w2s
