#include <algorithm>
#include <cmath>

#include "w2s/vectors.h"

namespace w2s {
namespace {

// Sums over the numbers of two vectors.
struct Products {
  double self = 0;
  double other = 0;
  double both = 0;
  double squared_distance = 0;

  Products(std::span<const float> vector, std::span<const float> oracle) {
    for (std::size_t i = 0; i < vector.size(); ++i) {
      const auto a = static_cast<double>(vector[i]);
      const auto b = static_cast<double>(oracle[i]);
      self += a * a;
      other += b * b;
      both += a * b;
      squared_distance += (a - b) * (a - b);
    }
  }

  // A vector of zeros points nowhere: its cosine counts as 0.
  [[nodiscard]] double cosine() const { return self == 0 || other == 0 ? 0 : both / std::sqrt(self * other); }
};

}  // namespace

std::vector<float> mean_difference(const RepresentationSet& set) {
  const std::size_t size = set.layers * set.width;
  std::vector<double> sum(size, 0.0);
  for (std::size_t sample = 0; sample < set.samples; ++sample)
    for (std::size_t i = 0; i < size; ++i) sum[i] += static_cast<double>(set.differences[sample * size + i]);
  std::vector<float> mean(size);
  std::ranges::transform(sum, mean.begin(),
                         [&](double value) { return static_cast<float>(value / static_cast<double>(set.samples)); });
  return mean;
}

OracleAgreement mean_over_layers(std::span<const OracleAgreement> layers) {
  OracleAgreement mean;
  const auto count = static_cast<double>(layers.size());
  for (const auto& layer : layers) {
    mean.cosine += layer.cosine / count;
    mean.mean_cosine += layer.mean_cosine / count;
    mean.error += layer.error / count;
    mean.mean_error += layer.mean_error / count;
  }
  return mean;
}

std::vector<OracleAgreement> agreement_with_oracle(const VectorSource& source, const RepresentationSet& training,
                                                   const RepresentationSet& held_out) {
  const auto mean = mean_difference(training);
  std::vector<OracleAgreement> agreement(held_out.layers);
  const auto samples = static_cast<double>(held_out.samples);
  const double numbers = samples * static_cast<double>(held_out.width);
  for (std::size_t sample = 0; sample < held_out.samples; ++sample) {
    const auto input = held_out.input(sample);
    for (std::size_t layer = 0; layer < held_out.layers; ++layer) {
      const auto oracle = held_out.difference(sample, layer);
      const Products own(source.vector(layer, input), oracle);
      const auto mean_row = std::span(mean).subspan(layer * held_out.width, held_out.width);
      const Products baseline(mean_row, oracle);
      agreement[layer].cosine += own.cosine() / samples;
      agreement[layer].mean_cosine += baseline.cosine() / samples;
      agreement[layer].error += own.squared_distance / numbers;
      agreement[layer].mean_error += baseline.squared_distance / numbers;
    }
  }
  return agreement;
}

}  // namespace w2s
