// Made-up sweeps in which the embedding says, up to noise, which layer steers a sample best.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "w2s/predictor.h"

namespace w2s::test {

struct SyntheticSamples {
  std::size_t width = 0;
  std::vector<float> embeddings;  // [samples][width]
  SteerabilityMatrix steerability;

  [[nodiscard]] std::span<const float> embedding(std::size_t sample) const {
    return std::span(embeddings).subspan(sample * width, width);
  }
};

/// Each sample has two hidden factors: its embedding is a random linear image of them, plus an offset that all share
/// and `noise` in every coordinate; the layer that is best for it is a smooth function of them.
inline SyntheticSamples synthetic_samples(std::size_t samples, std::size_t width, std::size_t layers, double noise,
                                          std::uint64_t seed) {
  Random random(seed);
  const auto normals = [&](std::size_t count) {
    std::vector<double> values(count);
    for (double& value : values) value = random.normal();
    return values;
  };
  const auto offset = normals(width);
  const auto first_direction = normals(width);
  const auto second_direction = normals(width);

  SyntheticSamples made{
      .width = width, .embeddings = {}, .steerability = {.samples = samples, .layers = {}, .values = {}}};
  for (std::size_t layer = 0; layer < layers; ++layer) made.steerability.layers.push_back(layer);
  for (std::size_t i = 0; i < samples; ++i) {
    const double first = random.normal();
    const double second = random.normal();
    for (std::size_t j = 0; j < width; ++j) {
      const double value = offset[j] + first * first_direction[j] + second * second_direction[j];
      made.embeddings.push_back(static_cast<float>(value + noise * random.normal()));
    }
    const double best = static_cast<double>(layers - 1) * (0.5 + 0.3 * std::tanh(first) + 0.2 * std::tanh(second));
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const double distance = static_cast<double>(layer) - best;
      made.steerability.values.push_back(2 - 0.2 * std::abs(distance) + 0.1 * random.normal());
    }
  }
  return made;
}

}  // namespace w2s::test
