#include "w2s/sweep.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <set>
#include <utility>

#include "w2s/base.h"

namespace w2s {
namespace {

std::vector<std::string_view> split_at_commas(std::string_view text) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto comma = text.find(',');
    parts.push_back(text.substr(0, comma));
    if (comma == std::string_view::npos) return parts;
    text.remove_prefix(comma + 1);
  }
}

template <typename Number>
Number parse_number(std::string_view text, std::string_view whole, std::string_view expected) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  if (text.starts_with('+')) text.remove_prefix(1);
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size())
    throw Error(ErrorKind::usage, fmt::format("'{}' in '{}' is not {}", text, whole, expected));
  return value;
}

}  // namespace

SweepGrid full_grid(std::size_t layers) {
  SweepGrid grid;
  grid.layers.resize(layers);
  std::iota(grid.layers.begin(), grid.layers.end(), std::size_t{0});
  grid.multipliers.assign(std::begin(default_multipliers), std::end(default_multipliers));
  return grid;
}

LayerList LayerList::parse(std::string_view text) {
  constexpr std::string_view expected = "a layer or a range of layers such as 0-29";
  LayerList list;
  list.text_ = text;
  for (const auto part : split_at_commas(text)) {
    const auto dash = part.find('-');
    const auto first = parse_number<std::size_t>(part.substr(0, dash), text, expected);
    const auto last =
        dash == std::string_view::npos ? first : parse_number<std::size_t>(part.substr(dash + 1), text, expected);
    if (last < first) throw Error(ErrorKind::usage, fmt::format("'{}' in '{}' runs backwards", part, text));
    list.ranges_.push_back({.first = first, .last = last});
  }
  return list;
}

std::vector<std::size_t> LayerList::of_model(std::size_t layers) const {
  std::set<std::size_t> chosen;
  for (const auto& [first, last] : ranges_) {
    if (last >= layers) {
      throw Error(ErrorKind::usage, fmt::format("layer {} in '{}' is out of range: the model has layers 0 to {}", last,
                                                text_, layers - 1));
    }
    for (std::size_t layer = first; layer <= last; ++layer) chosen.insert(layer);
  }
  return {chosen.begin(), chosen.end()};
}

SweepGrid grid_of(const LayerList& layers, const std::vector<float>& multipliers, SteeringOperator operation,
                  std::size_t model_layers) {
  auto grid = full_grid(model_layers);
  if (!layers.empty()) grid.layers = layers.of_model(model_layers);
  if (!multipliers.empty()) grid.multipliers = multipliers;
  grid.operation = operation;
  return grid;
}

std::vector<std::size_t> parse_layers(std::string_view text, std::size_t layers) {
  return LayerList::parse(text).of_model(layers);
}

std::vector<float> parse_multipliers(std::string_view text) {
  std::set<float> multipliers;
  for (const auto part : split_at_commas(text)) {
    const auto value = parse_number<float>(part, text, "a number");
    if (!(value > -1e6F && value < 1e6F))
      throw Error(ErrorKind::usage, fmt::format("multiplier '{}' is out of range", part));
    multipliers.insert(value);
  }
  if (multipliers.size() < 2) {
    throw Error(ErrorKind::usage,
                fmt::format("'{}': at least two different multipliers are needed to draw a line", text));
  }
  return {multipliers.begin(), multipliers.end()};
}

InterventionChoice always(std::vector<Intervention> interventions) {
  return [interventions = std::move(interventions)](std::span<const std::vector<float>>) { return interventions; };
}

std::vector<float> multipliers_to_run(const SweepGrid& grid) {
  auto multipliers = grid.multipliers;
  if (is_identity_at_zero(grid.operation)) std::erase(multipliers, 0.0F);
  return multipliers;
}

std::vector<Intervention> interventions(const SweepGrid& grid, std::size_t sources) {
  const auto multipliers = multipliers_to_run(grid);
  std::vector<Intervention> rows;
  for (std::size_t source = 0; source < sources; ++source)
    for (const std::size_t layer : grid.layers)
      for (const float multiplier : multipliers)
        rows.push_back({.source = source, .layers = {{.layer = layer}}, .multiplier = multiplier});
  return rows;
}

PropensityMap propensity_map(const SweepGrid& grid, float unsteered, std::span<const float> steered) {
  const bool zero_is_unsteered = is_identity_at_zero(grid.operation);
  PropensityMap map{.layers = grid.layers.size(), .multipliers = grid.multipliers.size(), .values = {}};
  map.values.reserve(map.layers * map.multipliers);
  auto next = steered.begin();
  for (std::size_t layer = 0; layer < map.layers; ++layer)
    for (const float multiplier : grid.multipliers)
      map.values.push_back(multiplier == 0 && zero_is_unsteered ? unsteered : *next++);
  return map;
}

}  // namespace w2s
