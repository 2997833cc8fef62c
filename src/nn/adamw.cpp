#include "nn/adamw.h"

#include <cmath>

namespace w2s::nn {
namespace {

// The update's constants at one step, so that the loop over parameters holds nothing but arithmetic.
template <typename Scalar>
struct Coefficients {
  Scalar beta1;
  Scalar beta2;
  Scalar epsilon;
  Scalar kept;                   // what weight decay leaves of a parameter
  Scalar step_size;              // learning rate over the first moment's bias correction
  Scalar inverse_root_of_bias2;  // 1 / sqrt(second moment's bias correction)
};

template <typename Scalar, typename Array>
void update(Array& parameters, const Array& gradients, Array& first_moments, Array& second_moments,
            const Coefficients<Scalar>& c) {
  Scalar* const parameter = parameters.data();
  const Scalar* const gradient = gradients.data();
  Scalar* const first = first_moments.data();
  Scalar* const second = second_moments.data();
  for (Index i = 0; i < parameters.size(); ++i) {
    first[i] = c.beta1 * first[i] + (1 - c.beta1) * gradient[i];
    second[i] = c.beta2 * second[i] + (1 - c.beta2) * gradient[i] * gradient[i];
    const Scalar scale = std::sqrt(second[i]) * c.inverse_root_of_bias2 + c.epsilon;
    parameter[i] = c.kept * parameter[i] - c.step_size * first[i] / scale;
  }
}

}  // namespace

template <typename Scalar>
AdamW<Scalar>::AdamW(const Parameters<Scalar>& parameters, const AdamWOptions& options)
    : options_(options), first_moment_(zeros_like(parameters)), second_moment_(zeros_like(parameters)) {}

template <typename Scalar>
void AdamW<Scalar>::step(Parameters<Scalar>& parameters, const Parameters<Scalar>& gradients) {
  ++steps_;
  const auto steps = static_cast<double>(steps_);
  const double bias1 = 1 - std::pow(options_.beta1, steps);
  const double bias2 = 1 - std::pow(options_.beta2, steps);
  const Coefficients<Scalar> without_decay{
      .beta1 = static_cast<Scalar>(options_.beta1),
      .beta2 = static_cast<Scalar>(options_.beta2),
      .epsilon = static_cast<Scalar>(options_.epsilon),
      .kept = Scalar{1},
      .step_size = static_cast<Scalar>(options_.learning_rate / bias1),
      .inverse_root_of_bias2 = static_cast<Scalar>(1 / std::sqrt(bias2)),
  };
  Coefficients<Scalar> with_decay = without_decay;
  with_decay.kept = static_cast<Scalar>(1 - options_.learning_rate * options_.weight_decay);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    update(parameters[i].weight, gradients[i].weight, first_moment_[i].weight, second_moment_[i].weight, with_decay);
    update(parameters[i].bias, gradients[i].bias, first_moment_[i].bias, second_moment_[i].bias, without_decay);
  }
}

template class AdamW<float>;
template class AdamW<double>;

}  // namespace w2s::nn
