#include "sweep/store_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>

#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::string_view settings_prefix = "settings.";

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return parts;
}

// Looks values up and says where the one is that is not as it should be.
class HeaderReader {
 public:
  HeaderReader(const std::map<std::string, std::string>& rows, const std::filesystem::path& path)
      : rows_(&rows), path_(&path) {}

  [[nodiscard]] const std::string& text(const std::string& key) const {
    const auto row = rows_->find(key);
    if (row == rows_->end()) fail(key);
    return row->second;
  }

  template <typename Number>
  [[nodiscard]] Number number(const std::string& key) const {
    return parse<Number>(key, text(key));
  }

  template <typename Number>
  [[nodiscard]] std::vector<Number> numbers(const std::string& key) const {
    std::vector<Number> values;
    for (const std::string_view part : split_at_commas(text(key))) values.push_back(parse<Number>(key, part));
    return values;
  }

  [[nodiscard]] std::vector<std::string> texts(const std::string& key) const {
    const auto parts = split_at_commas(text(key));
    return {parts.begin(), parts.end()};
  }

  [[nodiscard]] SteeringOperator operation(const std::string& key) const {
    try {
      return parse_steering_operator(text(key));
    } catch (const Error&) {
      fail(key);
    }
  }

  [[nodiscard]] std::vector<PromptEncoder> encoders(const std::string& key, std::size_t layers) const {
    std::vector<PromptEncoder> encoders;
    for (const std::string_view name : split_at_commas(text(key))) {
      try {
        encoders.push_back(parse_prompt_encoder(name, layers));
      } catch (const Error&) {
        fail(key);
      }
    }
    return encoders;
  }

 private:
  [[noreturn]] void fail(const std::string& key) const {
    throw Error(ErrorKind::io, fmt::format("{} is damaged: its header's '{}' is missing or malformed; move it away "
                                           "and run again",
                                           path_->string(), key));
  }

  template <typename Number>
  [[nodiscard]] Number parse(const std::string& key, std::string_view text) const {
    Number value{};
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end) fail(key);
    return value;
  }

  const std::map<std::string, std::string>* rows_;
  const std::filesystem::path* path_;
};

[[noreturn]] void throw_difference(const std::filesystem::path& path, const std::string& key,
                                   const std::optional<std::string>& stored, const std::optional<std::string>& wanted) {
  const auto quoted = [](const std::optional<std::string>& value) {
    return value ? fmt::format("'{}'", *value) : std::string("not set");
  };
  throw Error(ErrorKind::results,
              fmt::format("{} was made with other settings: {} was {} there and is {} now; use another folder, or the "
                          "same settings",
                          path.string(), key, quoted(stored), quoted(wanted)));
}

}  // namespace

void check_header(const SweepStoreHeader& header) {
  const auto& layers = header.grid.layers;
  const auto& multipliers = header.grid.multipliers;
  if (header.methods.empty()) throw Error(ErrorKind::usage, "sweep: no method to sweep");
  if (std::set(header.methods.begin(), header.methods.end()).size() != header.methods.size())
    throw Error(ErrorKind::usage, "sweep: name each method once");
  if (layers.empty()) throw Error(ErrorKind::usage, "sweep: no layers to sweep");
  if (multipliers.size() < 2) throw Error(ErrorKind::usage, "sweep: give at least two different multipliers");
  // Records are read back in the order of their values.
  const auto ascending = [](const auto& values) {
    return std::ranges::adjacent_find(values, [](auto left, auto right) { return !(left < right); }) == values.end();
  };
  if (!ascending(layers) || !ascending(multipliers))
    throw Error(ErrorKind::usage, "sweep: give layers and multipliers once each, in ascending order");
}

HeaderRows header_rows(const SweepStoreHeader& header) {
  std::vector<std::string> encoders;
  for (const PromptEncoder& encoder : header.encoders) encoders.push_back(to_string(encoder));
  HeaderRows rows = {
      {"behavior", header.behavior},
      {"samples", fmt::format("{}", header.samples)},
      {"model_layers", fmt::format("{}", header.model_layers)},
      {"width", fmt::format("{}", header.width)},
      {"methods", fmt::format("{}", fmt::join(header.methods, ","))},
      {"layers", fmt::format("{}", fmt::join(header.grid.layers, ","))},
      {"multipliers", fmt::format("{}", fmt::join(header.grid.multipliers, ","))},
      {"operator", std::string(to_string(header.grid.operation))},
      {"encoders", fmt::format("{}", fmt::join(encoders, ","))},
  };
  for (const auto& [key, value] : header.settings) rows.emplace_back(fmt::format("{}{}", settings_prefix, key), value);
  return rows;
}

SweepStoreHeader parse_header(const std::map<std::string, std::string>& rows, const std::filesystem::path& path) {
  const HeaderReader reader(rows, path);
  SweepStoreHeader header;
  header.behavior = reader.text("behavior");
  header.samples = reader.number<std::size_t>("samples");
  header.model_layers = reader.number<std::size_t>("model_layers");
  header.width = reader.number<std::size_t>("width");
  header.grid.layers = reader.numbers<std::size_t>("layers");
  header.grid.multipliers = reader.numbers<float>("multipliers");
  header.grid.operation = reader.operation("operator");
  header.methods = reader.texts("methods");
  header.encoders = reader.encoders("encoders", header.model_layers);
  for (const auto& [key, value] : rows) {
    if (key.starts_with(settings_prefix)) header.settings.emplace(key.substr(settings_prefix.size()), value);
  }
  return header;
}

void check_same_header(const std::map<std::string, std::string>& stored, const SweepStoreHeader& wanted,
                       const std::filesystem::path& path) {
  std::set<std::string_view> wanted_keys;
  const HeaderRows rows = header_rows(wanted);
  for (const auto& [key, value] : rows) {
    wanted_keys.insert(key);
    const auto row = stored.find(key);
    if (row == stored.end()) throw_difference(path, key, std::nullopt, value);
    if (row->second != value) throw_difference(path, key, row->second, value);
  }
  for (const auto& [key, value] : stored) {
    if (!wanted_keys.contains(key)) throw_difference(path, key, value, std::nullopt);
  }
}

}  // namespace w2s
