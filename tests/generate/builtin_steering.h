// Real steering vectors without a study: those of a behaviour that w2s carries, from a few of its samples.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "w2s/data.h"
#include "w2s/generation.h"
#include "w2s/vectors.h"

namespace w2s::test {

[[nodiscard]] inline Behavior builtin_behavior(const std::string& name) {
  return read_behaviors("builtin:" + name).front();
}

/// The first `count` samples of a part of the behaviour's split.
[[nodiscard]] inline std::vector<Sample> samples_of(const Behavior& behavior, SplitPart part, std::size_t count) {
  const auto split = split_samples(behavior.samples.size(), 0);
  const auto& indices = part == SplitPart::train ? split.train : split.test;
  std::vector<Sample> samples;
  for (std::size_t i = 0; i < std::min(count, indices.size()); ++i) samples.push_back(behavior.samples[indices[i]]);
  return samples;
}

/// CAA vectors of the first so many training samples.
[[nodiscard]] inline NamedSteering builtin_steering(const Model& model, const std::string& name, std::size_t count) {
  const auto behavior = builtin_behavior(name);
  std::vector<TokenizedSample> samples;
  for (const auto& sample : samples_of(behavior, SplitPart::train, count))
    samples.push_back(tokenize_sample(model, behavior, sample));
  auto decoders = make_decoders(model, {.context = 512, .sequences = 4, .rows_per_batch = 256, .threads = 2});
  const auto& info = model.info();
  return {.name = name,
          .source = std::make_shared<ConstantSource>(
              SourceInfo{.method = "caa", .layers = info.layers, .width = info.width},
              mean_difference(read_representations(make_prompt_readers(decoders), samples)))};
}

}  // namespace w2s::test
