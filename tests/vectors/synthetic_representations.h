// Representation sets without a model, for tests of what is learned from them.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/random.h"
#include "w2s/vectors.h"

namespace w2s::test {

/// A set of one layer whose differences are given, [samples][width].
[[nodiscard]] inline RepresentationSet one_layer(const std::vector<std::vector<float>>& differences) {
  RepresentationSet set{.samples = differences.size(), .layers = 1, .width = differences.front().size()};
  for (const auto& row : differences) set.differences.insert(set.differences.end(), row.begin(), row.end());
  set.propensity.resize(set.samples);
  return set;
}

struct SetShape {
  std::size_t samples = 8;
  std::size_t layers = 3;
  std::size_t width = 4;
  std::vector<std::size_t> prompt_layers = {1};
};

/// Normal numbers everywhere; every layer's differences have a mean that is not 0.
[[nodiscard]] inline RepresentationSet random_representations(const SetShape& shape, std::uint64_t seed) {
  RepresentationSet set{
      .samples = shape.samples, .layers = shape.layers, .width = shape.width, .prompt_layers = shape.prompt_layers};
  Random random(seed);
  const auto draw = [&](std::size_t count, float mean) {
    std::vector<float> values(count);
    for (auto& value : values) value = mean + static_cast<float>(random.normal());
    return values;
  };
  set.differences = draw(shape.samples * shape.layers * shape.width, 0.5F);
  set.prompts = draw(shape.samples * shape.prompt_layers.size() * shape.width, 0);
  set.propensity = draw(shape.samples, 0);
  return set;
}

[[nodiscard]] inline MethodTraining training_of(RepresentationSet train, RepresentationSet validation = {}) {
  SourceInfo info{.model_architecture = "llama", .layers = train.layers, .width = train.width};
  return {.train = std::move(train), .validation = std::move(validation), .info = std::move(info)};
}

/// The vector that is added after a layer, whatever the input.
[[nodiscard]] inline std::vector<float> constant_vector(const VectorSource& source, std::size_t layer = 0) {
  return source.vector(layer, {});
}

}  // namespace w2s::test
