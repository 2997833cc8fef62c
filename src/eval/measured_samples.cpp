#include "eval/measured_samples.h"

#include <fmt/format.h>

#include <algorithm>

#include "w2s/error.h"

namespace w2s {

MeasuredSamples measured_samples(const SweepStoreHeader& header, std::span<const SweepRecord> records,
                                 PromptVariant variant, std::span<const SplitPart> parts, std::size_t method,
                                 std::size_t encoder) {
  MeasuredSamples samples;
  samples.steerability.layers = header.grid.layers;
  for (const auto& record : records) {
    if (record.key.variant != variant || std::ranges::find(parts, record.part) == parts.end()) continue;
    const auto slopes = steerability(header.grid.multipliers, record.propensity.at(method));
    samples.steerability.values.insert(samples.steerability.values.end(), slopes.begin(), slopes.end());
    const auto& embedding = record.encodings.at(encoder);
    samples.embeddings.insert(samples.embeddings.end(), embedding.begin(), embedding.end());
    ++samples.steerability.samples;
  }
  return samples;
}

std::size_t recorded_encoder(const SweepStoreHeader& header, const std::string& name) {
  const auto wanted = parse_prompt_encoder(name, header.model_layers);
  const auto found = std::ranges::find(header.encoders, wanted);
  if (found != header.encoders.end()) return static_cast<std::size_t>(found - header.encoders.begin());
  std::string recorded;
  for (const auto& encoder : header.encoders) recorded += (recorded.empty() ? "" : ", ") + to_string(encoder);
  throw Error(ErrorKind::usage, fmt::format("the sweep of {} did not record the encoder {}; it recorded {}",
                                            header.behavior, to_string(wanted), recorded));
}

}  // namespace w2s
