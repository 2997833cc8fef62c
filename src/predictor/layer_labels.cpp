#include "w2s/predictor.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <numeric>

#include "base/values.h"
#include "w2s/base.h"

namespace w2s {
namespace {

void check(const SteerabilityMatrix& steerability) {
  if (steerability.samples == 0) throw Error(ErrorKind::data, "there are no samples to label with layers");
  if (steerability.layers.empty()) throw Error(ErrorKind::data, "there are no layers to label samples with");
  if (steerability.values.size() != steerability.samples * steerability.layers.size()) {
    throw Error(ErrorKind::data,
                fmt::format("{} steerabilities are not {} samples at {} layers", steerability.values.size(),
                            steerability.samples, steerability.layers.size()));
  }
  if (!all_finite(steerability.values)) {
    throw Error(ErrorKind::data, "a steerability is not a finite number: run the sweep again");
  }
}

// The columns of a sample's k most steerable layers, best first.
std::vector<std::size_t> best_columns(std::span<const double> sample, std::size_t top_k) {
  std::vector<std::size_t> columns(sample.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  const auto end = columns.begin() + static_cast<std::ptrdiff_t>(std::min(top_k, columns.size()));
  std::partial_sort(columns.begin(), end, columns.end(), [&](std::size_t a, std::size_t b) {
    return sample[a] != sample[b] ? sample[a] > sample[b] : a < b;
  });
  columns.erase(end, columns.end());
  return columns;
}

// How often each column is a sample's best one.
std::vector<std::size_t> best_column_frequency(const SteerabilityMatrix& steerability) {
  std::vector<std::size_t> frequency(steerability.layers.size());
  for (std::size_t i = 0; i < steerability.samples; ++i) ++frequency[best_columns(steerability.sample(i), 1).front()];
  return frequency;
}

// From columns of the sweep to classes: only columns that occur.
LayerLabels prune(const SteerabilityMatrix& steerability, const std::vector<std::size_t>& columns) {
  std::vector<std::size_t> kept = columns;
  std::ranges::sort(kept);
  kept.erase(std::ranges::unique(kept).begin(), kept.end());

  LayerLabels labels;
  for (const std::size_t column : kept) labels.layers.push_back(steerability.layers[column]);
  for (const std::size_t column : columns) {
    labels.classes.push_back(static_cast<std::size_t>(std::ranges::lower_bound(kept, column) - kept.begin()));
  }
  return labels;
}

}  // namespace

SteerabilityMatrix SteerabilityMatrix::select(std::span<const std::size_t> indices) const {
  SteerabilityMatrix selected{.samples = indices.size(), .layers = layers, .values = {}};
  selected.values.reserve(indices.size() * layers.size());
  for (const std::size_t index : indices) {
    if (index >= samples) {
      throw Error(ErrorKind::usage, fmt::format("there is no sample {} among {} swept samples", index, samples));
    }
    const auto row = sample(index);
    selected.values.insert(selected.values.end(), row.begin(), row.end());
  }
  return selected;
}

LayerLabels label_layers(const SteerabilityMatrix& steerability, std::size_t top_k) {
  if (top_k == 0) throw Error(ErrorKind::usage, "top-k label smoothing needs a k of at least 1");
  check(steerability);
  const auto frequency = best_column_frequency(steerability);
  std::vector<std::size_t> columns;
  columns.reserve(steerability.samples);
  for (std::size_t i = 0; i < steerability.samples; ++i) {
    const auto candidates = best_columns(steerability.sample(i), top_k);
    // The first of the most frequent ones, that is the one which steers this sample most.
    columns.push_back(*std::ranges::max_element(candidates, {}, [&](std::size_t column) { return frequency[column]; }));
  }
  return prune(steerability, columns);
}

std::size_t best_fixed_column(const SteerabilityMatrix& steerability) {
  check(steerability);
  std::vector<double> sums(steerability.layers.size());
  for (std::size_t i = 0; i < steerability.samples; ++i) {
    const auto row = steerability.sample(i);
    std::ranges::transform(sums, row, sums.begin(), std::plus<>());
  }
  return static_cast<std::size_t>(std::ranges::max_element(sums) - sums.begin());
}

}  // namespace w2s
