#include "w2s/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "w2s/base.h"

namespace w2s::example1 {
namespace {

int dot(const Hidden& a, const Hidden& b) { return a[0] * b[0] + a[1] * b[1]; }

Hidden sum(const Hidden& a, const Hidden& b) { return {a[0] + b[0], a[1] + b[1]}; }

void check_layer(int layer) {
  if (layer < 1 || layer > static_cast<int>(steerable_layers))
    throw Error(ErrorKind::usage, fmt::format("layer {} of example 1 cannot be steered: 1 or 2", layer));
}

std::size_t index_of(int token) {
  if (token < 1 || token > static_cast<int>(token_count))
    throw Error(ErrorKind::usage, fmt::format("example 1 has no token {}: 1 to 4", token));
  return static_cast<std::size_t>(token - 1);
}

Hidden steered_state(const Hidden& state, int layer, const std::optional<Steering>& steering) {
  return steering && steering->layer == layer ? sum(state, steering->vector) : state;
}

Hidden second_layer(const Hidden& h1) {
  Hidden h2 = {};
  for (std::size_t i = 0; i < h2.size(); ++i) h2[i] = std::max(0, dot(model.w1[i], h1) + model.b1[i]);
  return h2;
}

Logits third_layer(const Hidden& h2) {
  Logits logits = {};
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = dot(model.w2[i], h2) + model.b2[i];
  return logits;
}

Hidden state_of(int token, int layer) {
  const auto unsteered = pass(token);
  return layer == 1 ? unsteered.h1 : unsteered.h2;
}

// From one logit; that it holds for all four is a test's to show.
int advantage(const Logits& at_layer2, const Logits& at_layer1) {
  return 2 * (at_layer2[1] - at_layer1[1]) / (pass(2).logits[1] - pass(4).logits[1]);
}

InputCase derive_input(int token, const std::array<Hidden, steerable_layers>& vectors) {
  InputCase input = {};
  input.token = token;
  input.is_positive = std::ranges::find(positive_responses, token) != positive_responses.end();
  input.unsteered = pass(token);
  const auto first = pass(token, Steering{1, vectors[0]});
  const auto second = pass(token, Steering{2, vectors[1]});
  input.steered = {first, second};
  input.optimal_layer = first.behavior > second.behavior ? 1 : 2;
  input.linear_optimal_layer = first.linear > second.linear ? 1 : 2;
  input.layer2_advantage = advantage(second.logits, first.logits);
  return input;
}

}  // namespace

int target_behavior(const Logits& logits) { return logits[0] + std::abs(logits[1]) - 3; }

int LinearTarget::operator()(const Logits& logits) const {
  int value = constant;
  for (std::size_t i = 0; i < logits.size(); ++i) value += weights[i] * logits[i];
  return value;
}

Pass pass(int token, const std::optional<Steering>& steering) {
  if (steering) check_layer(steering->layer);
  Pass result = {};
  result.h1 = steered_state(model.embeddings[index_of(token)], 1, steering);
  result.h2 = steered_state(second_layer(result.h1), 2, steering);
  result.logits = third_layer(result.h2);
  const auto largest = std::ranges::max_element(result.logits);
  result.next_token = static_cast<int>(largest - result.logits.begin()) + 1;
  result.behavior = target_behavior(result.logits);
  result.linear = linear_target(result.logits);
  return result;
}

Hidden steering_vector(int layer) {
  check_layer(layer);
  Hidden difference = {};
  for (const int token : positive_responses) difference = sum(difference, state_of(token, layer));
  for (const int token : negative_responses) {
    const auto state = state_of(token, layer);
    difference = sum(difference, {-state[0], -state[1]});
  }
  // Exact: the embeddings were chosen so that both sums are even.
  return {difference[0] / 2, difference[1] / 2};
}

Derivation derive() {
  Derivation derivation = {};
  derivation.vectors = {steering_vector(1), steering_vector(2)};
  for (std::size_t i = 0; i < token_count; ++i)
    derivation.inputs[i] = derive_input(static_cast<int>(i) + 1, derivation.vectors);
  return derivation;
}

}  // namespace w2s::example1
