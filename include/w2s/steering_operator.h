// What is done with a steering vector at a row of the residual stream.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace w2s {

enum class SteeringOperator {
  add,            ///< h + lambda v (the paper's equation 1)
  add_keep_norm,  ///< the same, then scaled back to the length of h
  ablate_add      ///< h without its part along v (Arditi et al., 2024), plus lambda v
};

/// "add", "add-keep-norm", "ablate-add".
[[nodiscard]] std::string_view to_string(SteeringOperator operation);

/// The inverse. Throws Error{usage} that lists the names.
[[nodiscard]] SteeringOperator parse_steering_operator(std::string_view name);

/// Whether a multiplier of 0 leaves the row as it is.
[[nodiscard]] constexpr bool is_identity_at_zero(SteeringOperator operation) noexcept {
  return operation != SteeringOperator::ablate_add;
}

/// Applies it to a row in place. A vector of zeros changes nothing. `row` and `vector` have the same length.
void apply_operator(SteeringOperator operation, float multiplier, std::span<const float> vector, std::span<float> row);

/// A steering vector and where it goes.
struct Steering {
  std::size_t layer = 0;
  float scale = 0;                   ///< lambda
  std::span<const float> direction;  ///< [width]; whoever makes a Steering keeps it
  SteeringOperator operation = SteeringOperator::add;
};

}  // namespace w2s
