#include "w2s/experiment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s::example1 {
namespace {

constexpr std::array all_tokens = {1, 2, 3, 4};
constexpr std::array both_layers = {1, 2};

std::size_t at(int number) { return static_cast<std::size_t>(number - 1); }

Hidden times(int factor, const Hidden& vector) { return {factor * vector[0], factor * vector[1]}; }

Pass steered(int token, int layer, int multiplier = 1) {
  return pass(token, Steering{layer, times(multiplier, steering_vector(layer))});
}

int gain(int token, int layer) { return steered(token, layer).behavior - pass(token).behavior; }

int product(const Logits& weights, const Logits& logits) {
  return std::inner_product(weights.begin(), weights.end(), logits.begin(), 0);
}

int linear_gain(const Logits& weights, int token, int layer) {
  return product(weights, steered(token, layer).logits) - product(weights, pass(token).logits);
}

// For some constant above 0 at both positive responses and below 0 at both negative ones.
bool can_agree_with_the_responses(const Logits& weights) {
  const auto value = [&](int token) { return product(weights, pass(token).logits); };
  return std::min(value(1), value(2)) > std::max(value(3), value(4));
}

std::vector<Logits> all_weights_up_to(int bound) {
  std::vector<Logits> all;
  for (int a = -bound; a <= bound; ++a)
    for (int b = -bound; b <= bound; ++b)
      for (int c = -bound; c <= bound; ++c)
        for (int d = -bound; d <= bound; ++d) all.push_back({a, b, c, d});
  return all;
}

// b of a state after layer 2, by the model's last layer written out.
int behavior_of_state(int first, int second) {
  Logits logits = {};
  for (std::size_t i = 0; i < logits.size(); ++i)
    logits[i] = model.w2[i][0] * first + model.w2[i][1] * second + model.b2[i];
  return target_behavior(logits);
}

int sign(int number) { return (number > 0 ? 1 : 0) - (number < 0 ? 1 : 0); }

TEST(Example1, HasTheIdentityAndTheZeroOfTheAppendix) {
  EXPECT_EQ(model.w1, (std::array<Hidden, 2>{{{1, 0}, {0, 1}}}));
  EXPECT_EQ(model.b1, (Hidden{0, 0}));
}

TEST(Example1, PassesAreThoseOfTheModel) {
  for (const int token : all_tokens) {
    for (const int layer : {0, 1, 2}) {
      const Hidden vector = {3, -2};
      const auto result = layer == 0 ? pass(token) : pass(token, Steering{layer, vector});
      Hidden state = model.embeddings[at(token)];
      if (layer == 1) state = {state[0] + 3, state[1] - 2};
      EXPECT_EQ(result.h1, state);
      state = {std::max(0, state[0]), std::max(0, state[1])};
      if (layer == 2) state = {state[0] + 3, state[1] - 2};
      EXPECT_EQ(result.h2, state);
      EXPECT_EQ(result.logits, (Logits{state[0], 2 * state[1] - 2, 2 - 2 * state[0], state[1] - 2 * state[0] + 1}));
      EXPECT_EQ(result.behavior, state[0] + std::abs(2 * state[1] - 2) - 3);
    }
  }
}

TEST(Example1, SteeringVectorsAreTheDifferenceOfTheMeansExactly) {
  for (const int layer : both_layers) {
    for (const std::size_t i : {0U, 1U}) {
      const auto value = [&](int token) { return layer == 1 ? pass(token).h1[i] : pass(token).h2[i]; };
      EXPECT_EQ(2 * steering_vector(layer)[i], value(1) + value(2) - value(3) - value(4));
    }
  }
}

TEST(Example1, BothVectorsRaiseTheFirstConceptAndDifferInTheSecond) {
  EXPECT_EQ(steering_vector(1)[0], 1);
  EXPECT_EQ(steering_vector(2)[0], 1);
  EXPECT_LT(steering_vector(1)[1], 0);
  EXPECT_GT(steering_vector(2)[1], 0);
}

TEST(Example1, BehaviorAgreesWithTheResponses) {
  for (const int token : positive_responses) EXPECT_GT(pass(token).behavior, 0);
  for (const int token : negative_responses) EXPECT_LT(pass(token).behavior, 0);
}

TEST(Example1, OptimalLayersAreOneTwoOneTwo) {
  std::vector<int> optimal;
  for (const int token : all_tokens)
    optimal.push_back(*std::ranges::max_element(both_layers, {}, [&](int layer) { return gain(token, layer); }));
  EXPECT_EQ(optimal, (std::vector{1, 2, 1, 2}));
}

TEST(Example1, OptimalLayerAlignsAndTheOtherMisaligns) {
  for (const int token : all_tokens) {
    const int optimal = token % 2 == 1 ? 1 : 2;
    EXPECT_GT(gain(token, optimal), 0) << token;
    EXPECT_LT(gain(token, 3 - optimal), 0) << token;
  }
}

TEST(Example1, SteerabilityHasTheSameOptimalLayers) {
  const std::array multipliers = {-1.0F, 0.0F, 1.0F};
  for (const int token : all_tokens) {
    const auto slope = [&](int layer) {
      std::vector<float> behavior;
      for (const int multiplier : {-1, 0, 1})
        behavior.push_back(static_cast<float>(steered(token, layer, multiplier).behavior));
      return steerability(multipliers, behavior);
    };
    const int optimal = token % 2 == 1 ? 1 : 2;
    EXPECT_GT(slope(optimal), 0) << token;
    EXPECT_LT(slope(3 - optimal), 0) << token;
  }
}

TEST(Example1, BehaviorNeverDecreasesInTheFirstConcept) {
  for (int first = -20; first < 20; ++first)
    for (int second = -20; second <= 20; ++second)
      EXPECT_GE(behavior_of_state(first + 1, second), behavior_of_state(first, second));
}

TEST(Example1, BehaviorIsNotMonotonicInTheSecondConcept) {
  for (int first = -20; first <= 20; ++first) {
    EXPECT_LT(behavior_of_state(first, 1), behavior_of_state(first, 0));
    EXPECT_LT(behavior_of_state(first, 1), behavior_of_state(first, 2));
  }
}

TEST(Example1, BehaviorIsNotLinearInTheLogits) {
  const auto& low = pass(1).logits;
  const auto& high = pass(2).logits;
  Logits sum = {};
  for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = low[i] + high[i];
  EXPECT_NE(target_behavior(sum) + target_behavior(Logits{}), target_behavior(low) + target_behavior(high));
}

TEST(Example1, LayerTwoIsBestForEveryLinearTargetThatAgrees) {
  std::size_t agreeing = 0;
  for (const auto& weights : all_weights_up_to(4)) {
    if (!can_agree_with_the_responses(weights)) continue;
    ++agreeing;
    for (const int token : all_tokens) {
      ASSERT_GT(linear_gain(weights, token, 2), 0);
      ASSERT_GT(linear_gain(weights, token, 2), linear_gain(weights, token, 1));
    }
  }
  EXPECT_GT(agreeing, 100U);
}

TEST(Example1, LinearTargetPrefersLayerTwoExactlyIfItRanksTwoAboveFour) {
  for (const auto& weights : all_weights_up_to(3)) {
    const int rank = sign(product(weights, pass(2).logits) - product(weights, pass(4).logits));
    for (const int token : all_tokens)
      ASSERT_EQ(sign(linear_gain(weights, token, 2) - linear_gain(weights, token, 1)), rank);
  }
}

// The proof for all linear targets, not only for those that a test can try.
TEST(Example1, LayerTwoAdvantageHoldsInEveryLogit) {
  const auto& second = pass(2).logits;
  const auto& fourth = pass(4).logits;
  for (const auto& input : derive().inputs) {
    EXPECT_GT(input.layer2_advantage, 0);
    for (std::size_t i = 0; i < token_count; ++i)
      EXPECT_EQ(2 * (input.steered[1].logits[i] - input.steered[0].logits[i]),
                input.layer2_advantage * (second[i] - fourth[i]));
  }
}

TEST(Example1, ItsLinearTargetAgreesAndPrefersLayerTwo) {
  EXPECT_EQ(linear_target({1, 10, 100, 1000}), 4 * 1 + 10 - 4);
  for (const auto& input : derive().inputs) {
    EXPECT_EQ(input.unsteered.linear > 0, input.is_positive);
    EXPECT_NE(input.unsteered.linear, 0);
    EXPECT_GT(input.steered[1].linear, input.unsteered.linear);
    EXPECT_GT(input.steered[1].linear, input.steered[0].linear);
    EXPECT_EQ(input.linear_optimal_layer, 2);
  }
}

TEST(Example1, NextTokenIsTheOnlyLargestLogit) {
  for (const auto& input : derive().inputs) {
    for (const auto& result : {input.unsteered, input.steered[0], input.steered[1]}) {
      for (const int token : all_tokens) {
        if (token == result.next_token) continue;
        EXPECT_LT(result.logits[at(token)], result.logits[at(result.next_token)]);
      }
    }
  }
}

// What remark 1 ends with: the behaviour is not the task of predicting the next token.
TEST(Example1, SameNextTokenCanBeAlignedOrNot) {
  const auto aligned = steered(3, 1);
  const auto misaligned = steered(3, 2);
  EXPECT_EQ(aligned.next_token, misaligned.next_token);
  EXPECT_GT(aligned.behavior, pass(3).behavior);
  EXPECT_LT(misaligned.behavior, pass(3).behavior);
}

TEST(Example1, DerivationHoldsEveryPass) {
  const auto derivation = derive();
  for (const int layer : both_layers) EXPECT_EQ(derivation.vectors[at(layer)], steering_vector(layer));
  for (const int token : all_tokens) {
    const auto& input = derivation.inputs[at(token)];
    EXPECT_EQ(input.token, token);
    EXPECT_EQ(input.is_positive, token <= 2);
    EXPECT_EQ(input.unsteered.h1, model.embeddings[at(token)]);
    EXPECT_EQ(input.unsteered.next_token, token);
    EXPECT_EQ(input.optimal_layer, gain(token, 1) > gain(token, 2) ? 1 : 2);
    for (const int layer : both_layers) EXPECT_EQ(input.steered[at(layer)].logits, steered(token, layer).logits);
  }
}

TEST(Example1, RefusesTokensAndLayersThatAreNotThere) {
  EXPECT_THROW(static_cast<void>(pass(0)), Error);
  EXPECT_THROW(static_cast<void>(pass(5)), Error);
  EXPECT_THROW(static_cast<void>(pass(1, Steering{3, {0, 0}})), Error);
  EXPECT_THROW(static_cast<void>(steering_vector(0)), Error);
}

}  // namespace
}  // namespace w2s::example1
