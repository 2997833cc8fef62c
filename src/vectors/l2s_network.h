// The networks of L2S as plain values: what one computes, and how all of them lie in a file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "w2s/model.h"

namespace w2s::l2s {

/// A steering layer's network: output_weight^T tanh(hidden_weight^T x + hidden_bias) + output_bias, and how it came
/// about. What is kept of that is as precise as a file's numbers, so that a network that was read is the one written.
struct Network {
  std::vector<float> hidden_weight = {};  ///< [width][hidden]
  std::vector<float> hidden_bias = {};    ///< [hidden]
  std::vector<float> output_weight = {};  ///< [hidden][width]
  std::vector<float> output_bias = {};    ///< [width]
  float learning_rate = 0;  ///< 0: none gave a better one than the mean difference, which this one predicts
  std::int64_t epochs = 0;  ///< after which it was best
  float error = 0;          ///< squared distance from validation samples' oracle vectors, mean over width
  float mean_error = 0;     ///< the same for the training samples' mean difference

  /// The vector for the representation `input` at the context layer, [width]. The same on every call, bit by bit.
  [[nodiscard]] std::vector<float> operator()(std::span<const float> input) const;
};

/// `networks` by layer, all of one shape, stacked: few tensors, which load quickly.
[[nodiscard]] TensorFile stack(std::span<const Network> networks);

/// The other way. Throws Error{vectors} that names what is missing, of another shape, or not finite.
[[nodiscard]] std::vector<Network> unstack(const TensorFile& file, std::size_t layers, std::size_t width);

}  // namespace w2s::l2s
