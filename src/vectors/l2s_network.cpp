#include "vectors/l2s_network.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cmath>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/values.h"
#include "w2s/base.h"

namespace w2s::l2s {
namespace {

constexpr std::string_view hidden_width_key = "w2s.l2s.hidden_width";
constexpr std::string_view epochs_key = "w2s.l2s.epochs";

struct Part {
  std::string_view name;
  std::vector<float> Network::* values;
  std::vector<std::size_t> (*shape)(std::size_t width, std::size_t hidden);
};

constexpr std::array<Part, 4> parts = {{
    {"hidden.weight", &Network::hidden_weight,
     [](std::size_t width, std::size_t hidden) -> std::vector<std::size_t> { return {width, hidden}; }},
    {"hidden.bias", &Network::hidden_bias,
     [](std::size_t, std::size_t hidden) -> std::vector<std::size_t> { return {hidden}; }},
    {"output.weight", &Network::output_weight,
     [](std::size_t width, std::size_t hidden) -> std::vector<std::size_t> { return {hidden, width}; }},
    {"output.bias", &Network::output_bias,
     [](std::size_t width, std::size_t) -> std::vector<std::size_t> { return {width}; }},
}};

struct Figure {
  std::string_view key;
  float Network::* value;
};

constexpr std::array<Figure, 3> figures = {{{"w2s.l2s.learning_rate", &Network::learning_rate},
                                            {"w2s.l2s.error", &Network::error},
                                            {"w2s.l2s.mean_error", &Network::mean_error}}};

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

// sum += factor * row. Sums of this form are vectorised without changing any number's order of additions.
void add_scaled(std::span<float> sum, float factor, std::span<const float> row) {
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += factor * row[i];
}

// A file does not keep leading dimensions of length 1.
std::vector<std::size_t> as_read(std::vector<std::size_t> shape) {
  while (shape.size() > 1 && shape.front() == 1) shape.erase(shape.begin());
  return shape;
}

template <typename Value>
const std::vector<Value>& by_layer(const TensorFileReader& file, std::string_view key, std::size_t layers) {
  const auto& values = file.get<std::vector<Value>>(key);
  if (values.size() != layers) file.refuse(fmt::format("{} has {} values for {} layers", key, values.size(), layers));
  return values;
}

std::size_t hidden_width_of(const TensorFileReader& file) {
  const auto width = file.get<std::int64_t>(hidden_width_key);
  if (width < 1) file.refuse(fmt::format("{} is {}", hidden_width_key, width));
  return static_cast<std::size_t>(width);
}

void read_part(std::span<Network> networks, const TensorFileReader& file, const Part& part, std::size_t width,
               std::size_t hidden) {
  const auto& [shape, values] = file.tensor(part.name);
  auto expected = part.shape(width, hidden);
  expected.insert(expected.begin(), networks.size());
  if (as_read(shape) != as_read(expected)) {
    refuse(fmt::format("{} is {} instead of {}", part.name, fmt::join(shape, " x "), fmt::join(expected, " x ")));
  }
  const std::size_t size = values.size() / networks.size();
  for (std::size_t layer = 0; layer < networks.size(); ++layer) {
    const auto slice = std::span(values).subspan(layer * size, size);
    if (!all_finite(slice)) refuse(fmt::format("{} contains NaN or infinity for layer {}", part.name, layer));
    (networks[layer].*part.values).assign(slice.begin(), slice.end());
  }
}

void read_figure(std::span<Network> networks, const TensorFileReader& file, const Figure& figure) {
  const auto& values = by_layer<double>(file, figure.key, networks.size());
  for (std::size_t layer = 0; layer < networks.size(); ++layer) {
    if (!std::isfinite(values[layer]) || values[layer] < 0)
      refuse(fmt::format("{} of layer {} is {}", figure.key, layer, values[layer]));
    networks[layer].*figure.value = static_cast<float>(values[layer]);
  }
}

}  // namespace

std::vector<float> Network::operator()(std::span<const float> input) const {
  auto hidden = hidden_bias;
  for (std::size_t i = 0; i < input.size(); ++i)
    add_scaled(hidden, input[i], std::span(hidden_weight).subspan(i * hidden.size(), hidden.size()));
  auto output = output_bias;
  for (std::size_t i = 0; i < hidden.size(); ++i)
    add_scaled(output, std::tanh(hidden[i]), std::span(output_weight).subspan(i * output.size(), output.size()));
  return output;
}

TensorFile stack(std::span<const Network> networks) {
  TensorFile file;
  const std::size_t width = networks.front().output_bias.size();
  const std::size_t hidden = networks.front().hidden_bias.size();
  file.metadata[std::string(hidden_width_key)] = static_cast<std::int64_t>(hidden);
  for (const auto& part : parts) {
    auto& [shape, values] = file.tensors[std::string(part.name)];
    shape = part.shape(width, hidden);
    shape.insert(shape.begin(), networks.size());
    values.reserve(networks.size() * (networks.front().*part.values).size());
    for (const auto& network : networks)
      values.insert(values.end(), (network.*part.values).begin(), (network.*part.values).end());
  }
  for (const auto& [key, value] : figures) {
    std::vector<double> column;
    for (const auto& network : networks) column.push_back(static_cast<double>(network.*value));
    file.metadata[std::string(key)] = std::move(column);
  }
  std::vector<std::int64_t> epochs;
  for (const auto& network : networks) epochs.push_back(network.epochs);
  file.metadata[std::string(epochs_key)] = std::move(epochs);
  return file;
}

std::vector<Network> unstack(const TensorFile& file, std::size_t layers, std::size_t width) {
  if (layers == 0 || width == 0) refuse("does not say for which model it is");
  const TensorFileReader reader(file, refuse);
  const std::size_t hidden = hidden_width_of(reader);
  const auto& epochs = by_layer<std::int64_t>(reader, epochs_key, layers);
  std::vector<Network> networks(layers);
  for (const auto& part : parts) read_part(networks, reader, part, width, hidden);
  for (const auto& figure : figures) read_figure(networks, reader, figure);
  for (std::size_t layer = 0; layer < layers; ++layer) networks[layer].epochs = epochs[layer];
  return networks;
}

}  // namespace w2s::l2s
