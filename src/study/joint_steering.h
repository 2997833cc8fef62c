// One vector source at several layers at once: what a sweep does at one.
#pragma once

#include <span>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/layer_shares.h"
#include "w2s/steering_operator.h"
#include "w2s/tokenized_sample.h"
#include "w2s/vector_source.h"

namespace w2s {

/// At each of the layers its vector of the source, times the layer's share of the multiplier.
struct JointSteering {
  const VectorSource* source = nullptr;
  std::vector<LayerShare> shares;
};

/// Propensity of a sample with each steering at each multiplier, [steerings][multipliers]. The prompt is decoded once,
/// unsteered, and its last token once more for each number. No source may need the sample's answers. Clears the
/// decoder. Throws Error{usage} if the prompt does not fit the context, Error{engine} if decoding fails.
[[nodiscard]] std::vector<std::vector<float>> joint_propensities(Decoder& decoder, const TokenizedSample& sample,
                                                                 std::span<const JointSteering> steerings,
                                                                 std::span<const float> multipliers,
                                                                 SteeringOperator operation);

}  // namespace w2s
