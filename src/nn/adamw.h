// AdamW: Adam with decoupled weight decay (Loshchilov and Hutter, 2017, algorithm 2).
#pragma once

#include <cstddef>

#include "nn/mlp.h"

namespace w2s::nn {

struct AdamWOptions {
  double learning_rate = 1e-3;
  double weight_decay = 1e-2;  ///< of weights; biases are not decayed
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
};

template <typename Scalar>
class AdamW {
 public:
  AdamW(const Parameters<Scalar>& parameters, const AdamWOptions& options);

  /// One update: each parameter p with gradient g becomes
  /// p - learning_rate * (m / (sqrt(v) + epsilon) + weight_decay * p), m and v being the bias-corrected averages of g
  /// and g squared.
  void step(Parameters<Scalar>& parameters, const Parameters<Scalar>& gradients);

 private:
  AdamWOptions options_;
  Parameters<Scalar> first_moment_;
  Parameters<Scalar> second_moment_;
  std::size_t steps_ = 0;
};

}  // namespace w2s::nn
