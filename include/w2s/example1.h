// Example 1 of the paper, with its proof (appendix A): in a token-to-token model of three layers, steered with CAA, the
// best layer differs between inputs. Our copy of the paper lost the numbers; these are constructed anew, so that all
// that the text says holds. Every number is an integer and every step exact.
//
// Where the text admits several readings, the simplest:
// - "transforms token embeddings" is a ReLU layer, whose weights and bias are the identity and the zero the text names;
// - responses are uniform: each positive and each negative one has probability 1/2;
// - steering adds the vector once (multiplier 1). Steerability over the multipliers -1, 0, 1 has the same best layers;
// - the linear targets of remark 1 are those that agree with the construction, as b does: above 0 at the unsteered
//   positive responses, below 0 at the negative ones. For all of these layer 2 is best at every input (see
//   layer2_advantage). It cannot hold for literally all: a target's negative prefers the other layer.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

namespace w2s::example1 {

inline constexpr std::size_t token_count = 4;
inline constexpr std::size_t steerable_layers = 2;

using Hidden = std::array<int, 2>;            ///< a hidden state; its coordinates are two concepts
using Logits = std::array<int, token_count>;  ///< [token - 1]: tokens are numbered from 1, as in the paper

/// h1 = embedding of x, h2 = ReLU(w1 h1 + b1), z = w2 h2 + b2; the next token is that of the largest logit.
struct Model {
  std::array<Hidden, token_count> embeddings;  ///< [token - 1]
  std::array<Hidden, 2> w1;                    ///< rows
  Hidden b1;
  std::array<Hidden, token_count> w2;  ///< rows
  Logits b2;
};

inline constexpr Model model = {
    .embeddings = {{{2, -4}, {0, 4}, {0, 0}, {0, 2}}},
    .w1 = {{{1, 0}, {0, 1}}},
    .b1 = {0, 0},
    .w2 = {{{1, 0}, {0, 2}, {-2, 0}, {-2, 1}}},
    .b2 = {0, -2, 2, 1},
};

/// The responses from which CAA makes its vectors, each with probability 1/2.
inline constexpr std::array<int, 2> positive_responses = {1, 2};
inline constexpr std::array<int, 2> negative_responses = {3, 4};

/// The target behaviour b(z) = z_1 + |z_2| - 3; the more positive, the more desirable.
[[nodiscard]] int target_behavior(const Logits& logits);

/// A target linear in the logits, up to a constant.
struct LinearTarget {
  Logits weights;
  int constant;

  [[nodiscard]] int operator()(const Logits& logits) const;
};

/// One that agrees with the responses, to compare with b.
inline constexpr LinearTarget linear_target = {.weights = {4, 1, 0, 0}, .constant = -4};

/// A vector added to the hidden state after layer 1 or 2.
struct Steering {
  int layer;
  Hidden vector;
};

/// Every intermediate result on the way from a token to the next one, hidden states with the steering vector in them.
struct Pass {
  Hidden h1;
  Hidden h2;
  Logits logits;
  int next_token;
  int behavior;  ///< target_behavior of the logits
  int linear;    ///< linear_target of the logits
};

/// Throws Error{usage} for a token or layer that the model does not have.
[[nodiscard]] Pass pass(int token, const std::optional<Steering>& steering = std::nullopt);

/// CAA: mean of the layer's states at the positive responses minus that at the negative ones. Throws Error{usage} for a
/// layer that cannot be steered.
[[nodiscard]] Hidden steering_vector(int layer);

/// What happens to one input.
struct InputCase {
  int token;
  bool is_positive;  ///< a positive response, else a negative one
  Pass unsteered;
  std::array<Pass, steerable_layers> steered;  ///< [layer - 1]
  int optimal_layer;                           ///< of b
  int linear_optimal_layer;                    ///< of linear_target

  /// `layer2_advantage` a: z(steered at 2) - z(steered at 1) = a/2 (z(2) - z(4)), with z(2) and z(4) the unsteered
  /// logits of inputs 2 and 4. So any linear target gains a/2 (its value at 2 minus that at 4) more from layer 2 than
  /// from layer
  /// 1. This is above 0 if it agrees with the construction, in which 2 is positive and 4 negative, because a > 0.
  int layer2_advantage;
};

struct Derivation {
  std::array<Hidden, steerable_layers> vectors;  ///< [layer - 1]
  std::array<InputCase, token_count> inputs;     ///< [token - 1]
};

/// The whole of appendix A, computed.
[[nodiscard]] Derivation derive();

}  // namespace w2s::example1
