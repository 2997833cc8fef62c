#include "nn/training.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace w2s::nn {
namespace {

// Points in the plane whose class is their quadrant's parity, which no linear model can tell.
Examples<float> parity_examples(Index samples, std::uint64_t seed) {
  Random random(seed);
  Examples<float> examples{Matrix<float>(2, samples), Matrix<float>::Zero(2, samples)};
  for (Index i = 0; i < samples; ++i) {
    const double x = random.normal();
    const double y = random.normal();
    examples.inputs.col(i) << static_cast<float>(x), static_cast<float>(y);
    examples.targets(x * y > 0 ? 1 : 0, i) = 1;
  }
  return examples;
}

double mean_loss(const Mlp<float>& mlp, const Examples<float>& examples) {
  BatchPass<float> pass(mlp, examples.count());
  return summed_loss<float>(Loss::cross_entropy, pass.forward(mlp, examples.inputs), examples.targets) /
         static_cast<double>(examples.count());
}

Mlp<float> network(std::uint64_t seed, Index hidden_layers = 1) {
  Random random(seed);
  return initialize<float>({2, 2, 32, hidden_layers, Activation::relu}, random);
}

TEST(Training, LearnsASmallSetByHeart) {
  const auto examples = parity_examples(50, 1);
  auto mlp = network(2);
  Random random(3);
  train(mlp, examples, 1500, {.optimizer = {.learning_rate = 1e-2, .weight_decay = 0}, .batch = 16}, random);
  EXPECT_LT(mean_loss(mlp, examples), 0.02);
}

TEST(Training, FitsALineWithTanhAndSquaredError) {
  Examples<float> examples{Matrix<float>(1, 21), Matrix<float>(1, 21)};
  for (Index i = 0; i < 21; ++i) {
    examples.inputs(0, i) = static_cast<float>(i) / 10 - 1;
    examples.targets(0, i) = 0.5F * examples.inputs(0, i) - 0.2F;
  }
  Random random(4);
  auto mlp = initialize<float>({1, 1, 16, 1, Activation::tanh}, random);
  const TrainingOptions options{
      .optimizer = {.learning_rate = 1e-2, .weight_decay = 0}, .loss = Loss::mean_squared_error, .batch = 21};
  train(mlp, examples, 1000, options, random);
  BatchPass<float> pass(mlp, 21);
  EXPECT_LT(summed_loss<float>(options.loss, pass.forward(mlp, examples.inputs), examples.targets) / 21, 1e-4);
}

TEST(Training, GivesTheSameNetworkForTheSameSeed) {
  const auto examples = parity_examples(50, 1);
  const auto trained = [&](std::uint64_t seed) {
    auto mlp = network(2);
    Random random(seed);
    train(mlp, examples, 5, {.batch = 16}, random);
    return mlp.layers[0].weight;
  };
  EXPECT_EQ(trained(3), trained(3));
  EXPECT_NE(trained(3), trained(4));
}

TEST(EarlyStopping, LeavesTheParametersOfTheBestEpoch) {
  const auto examples = parity_examples(30, 1);
  const auto held_out = parity_examples(40, 2);
  const TrainingOptions options{.optimizer = {.learning_rate = 3e-2, .weight_decay = 0}, .batch = 8};
  auto mlp = network(5);
  Random random(6);
  const auto outcome =
      train_with_early_stopping(mlp, examples, held_out, {.max_epochs = 500, .patience = 10}, options, random);

  EXPECT_LT(outcome.epochs, 500U) << "the held-out loss of a set learnt by heart rises again";
  EXPECT_EQ(outcome.epochs, outcome.best_epoch + 10);
  EXPECT_NEAR(mean_loss(mlp, held_out), outcome.held_out_loss, 1e-6);

  auto same_epochs = network(5);
  Random same(6);
  train(same_epochs, examples, outcome.best_epoch, options, same);
  EXPECT_EQ(same_epochs.layers[0].weight, mlp.layers[0].weight);
}

TEST(EarlyStopping, TellsBothLossesOfEveryEpoch) {
  const auto examples = parity_examples(30, 1);
  const auto held_out = parity_examples(40, 2);
  auto mlp = network(5);
  Random random(6);
  const auto outcome =
      train_with_early_stopping(mlp, examples, held_out, {.max_epochs = 500, .patience = 10}, {.batch = 8}, random);
  ASSERT_EQ(outcome.training_losses.size(), outcome.epochs);
  ASSERT_EQ(outcome.held_out_losses.size(), outcome.epochs);
  EXPECT_EQ(outcome.held_out_losses[outcome.best_epoch - 1], outcome.held_out_loss);
  EXPECT_EQ(std::ranges::min(outcome.held_out_losses), outcome.held_out_loss);
  EXPECT_LT(outcome.training_losses.back(), outcome.training_losses.front());
}

// One batch an epoch: what the epoch begins with is what it is trained on.
TEST(EarlyStopping, TellsTheTrainingLossBeforeTheStepsOfAnEpoch) {
  const auto examples = parity_examples(30, 1);
  auto mlp = network(5);
  const double initial_loss = mean_loss(mlp, examples);
  Random random(6);
  const auto outcome =
      train_with_early_stopping(mlp, examples, examples, {.max_epochs = 4, .patience = 4}, {.batch = 64}, random);
  ASSERT_EQ(outcome.training_losses.size(), 4U);
  EXPECT_NEAR(outcome.training_losses[0], initial_loss, 1e-6);
  for (std::size_t epoch = 1; epoch < 4; ++epoch)
    EXPECT_NEAR(outcome.training_losses[epoch], outcome.held_out_losses[epoch - 1], 1e-6) << epoch;
}

TEST(EarlyStopping, TellsTheMeanTrainingLossOfBatchesOfUnequalSize) {
  const auto examples = parity_examples(30, 1);
  auto mlp = network(5);
  const double loss = mean_loss(mlp, examples);
  Random random(6);
  const TrainingOptions hardly_moving{.optimizer = {.learning_rate = 1e-9, .weight_decay = 0}, .batch = 8};
  const auto outcome =
      train_with_early_stopping(mlp, examples, examples, {.max_epochs = 1, .patience = 1}, hardly_moving, random);
  EXPECT_NEAR(outcome.training_losses.at(0), loss, 1e-6) << "three batches of 8 and one of 6";
}

TEST(EarlyStopping, EndsAtTheEpochLimit) {
  const auto examples = parity_examples(30, 1);
  auto mlp = network(5);
  Random random(6);
  const auto outcome =
      train_with_early_stopping(mlp, examples, examples, {.max_epochs = 3, .patience = 10}, {.batch = 8}, random);
  EXPECT_EQ(outcome.epochs, 3U);
}

TEST(EarlyStopping, KeepsTheInitialParametersWhenTheLossIsNeverFinite) {
  const auto examples = parity_examples(30, 1);
  auto held_out = examples;
  held_out.inputs(0, 0) = std::numeric_limits<float>::quiet_NaN();
  auto mlp = network(5, 0);
  const auto initial = mlp.layers[0].weight;
  Random random(6);
  const auto outcome =
      train_with_early_stopping(mlp, examples, held_out, {.max_epochs = 50, .patience = 4}, {}, random);
  EXPECT_EQ(outcome.best_epoch, 0U);
  EXPECT_EQ(outcome.epochs, 4U);
  EXPECT_EQ(mlp.layers[0].weight, initial);
}

TEST(EarlyStopping, KeepsTheInitialParametersThatNoEpochBettersIfTheyCount) {
  const auto examples = parity_examples(30, 1);
  auto opposite = examples;
  opposite.targets = 1 - examples.targets.array();
  auto mlp = network(5);
  for (auto& dense : mlp.layers) dense.weight *= 1e-3F;  // every class is as likely: as good as it gets
  const auto initial = mlp;
  Random random(6);
  const auto outcome = train_with_early_stopping(
      mlp, examples, opposite, {.max_epochs = 50, .patience = 4, .initial_counts = true}, {.batch = 8}, random);
  EXPECT_EQ(outcome.best_epoch, 0U);
  EXPECT_EQ(outcome.epochs, 4U);
  EXPECT_EQ(outcome.held_out_loss, mean_loss(initial, opposite));
  EXPECT_EQ(mlp.layers[0].weight, initial.layers[0].weight);
}

TEST(EarlyStopping, LeavesInitialParametersThatCountForBetterOnes) {
  const auto examples = parity_examples(30, 1);
  auto mlp = network(5);
  const double initial_loss = mean_loss(mlp, examples);
  Random random(6);
  const auto outcome = train_with_early_stopping(
      mlp, examples, examples, {.max_epochs = 5, .patience = 4, .initial_counts = true}, {.batch = 8}, random);
  EXPECT_GT(outcome.best_epoch, 0U);
  EXPECT_LT(outcome.held_out_loss, initial_loss);
}

}  // namespace
}  // namespace w2s::nn
