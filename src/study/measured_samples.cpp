#include "study/measured_samples.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "w2s/error.h"

namespace w2s {
namespace {

bool is_of(const SweepRecord& record, PromptVariant variant, std::span<const SplitPart> parts) {
  return record.key.variant == variant && std::ranges::find(parts, record.part) != parts.end();
}

std::vector<double> slopes_on_grid(const SweepStoreHeader& header, const SweepRecord& record, std::size_t method) {
  auto slopes = steerability(header.grid.multipliers, record.propensity.at(method));
  if (record.layers.empty()) return slopes;
  const auto& grid = header.grid.layers;
  std::vector<double> all(grid.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const auto column = std::ranges::lower_bound(grid, record.layers[i]) - grid.begin();
    all[static_cast<std::size_t>(column)] = slopes[i];
  }
  return all;
}

}  // namespace

SteerabilityMatrix measured_steerability(const SweepStoreHeader& header, std::span<const SweepRecord> records,
                                         PromptVariant variant, std::span<const SplitPart> parts, std::size_t method) {
  SteerabilityMatrix matrix;
  matrix.layers = header.grid.layers;
  for (const auto& record : records) {
    if (!is_of(record, variant, parts)) continue;
    const auto slopes = slopes_on_grid(header, record, method);
    matrix.values.insert(matrix.values.end(), slopes.begin(), slopes.end());
    ++matrix.samples;
  }
  return matrix;
}

MeasuredSamples measured_samples(const SweepStoreHeader& header, std::span<const SweepRecord> records,
                                 PromptVariant variant, std::span<const SplitPart> parts, std::size_t method,
                                 const PromptEmbeddings& embeddings) {
  MeasuredSamples samples{.steerability = measured_steerability(header, records, variant, parts, method),
                          .embeddings = {}};
  for (const auto& record : records) {
    if (!is_of(record, variant, parts)) continue;
    const auto embedding = embeddings.of(record.key);
    samples.embeddings.insert(samples.embeddings.end(), embedding.begin(), embedding.end());
  }
  return samples;
}

void check_is_complete(const SweepStoreHeader& header, std::span<const SweepRecord> records) {
  const auto base = std::ranges::count_if(
      records, [](const auto& record) { return record.key.variant == PromptVariant::base && record.layers.empty(); });
  if (static_cast<std::size_t>(base) == header.samples) return;
  throw Error(ErrorKind::results, fmt::format("the sweep of {} has {} of {} samples; run `w2s run` again to finish it",
                                              header.behavior, base, header.samples));
}

}  // namespace w2s
