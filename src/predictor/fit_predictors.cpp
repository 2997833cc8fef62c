#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "base/parallel.h"
#include "base/values.h"
#include "nn/principal_axes.h"
#include "predictor/cross_validation.h"
#include "predictor/training_set.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

constexpr std::size_t max_hidden_width = 1U << 16U;
constexpr std::size_t max_hidden_layers = 16;

void check_settings(const PredictorSettings& settings) {
  if (!std::isfinite(settings.learning_rate) || settings.learning_rate <= 0) {
    throw Error(ErrorKind::usage, fmt::format("the learning rate {} is not above 0", settings.learning_rate));
  }
  if (!std::isfinite(settings.weight_decay) || settings.weight_decay < 0) {
    throw Error(ErrorKind::usage, fmt::format("the weight decay {} is not 0 or more", settings.weight_decay));
  }
  if (settings.hidden_width == 0 || settings.hidden_width > max_hidden_width) {
    throw Error(ErrorKind::usage,
                fmt::format("the hidden width {} is not within 1-{}", settings.hidden_width, max_hidden_width));
  }
  if (settings.hidden_layers > max_hidden_layers) {
    throw Error(ErrorKind::usage,
                fmt::format("{} hidden layers are more than {}", settings.hidden_layers, max_hidden_layers));
  }
}

void check_policy(const PredictorPolicy& policy) {
  if (policy.objective == Objective::cross_entropy || policy.top_k == 1) return;
  throw Error(ErrorKind::usage, "expected steerability chooses among the best layers of samples: its top-k is 1");
}

void check_options(const PredictorOptions& options) {
  const auto settings = options.grid.settings();
  if (settings.empty()) throw Error(ErrorKind::predictor, "the predictor's grid is empty: give each setting a value");
  std::ranges::for_each(settings, check_settings);
  if (options.folds < 2) throw Error(ErrorKind::usage, "cross-validation needs at least 2 folds");
  if (options.batch == 0) throw Error(ErrorKind::usage, "the predictor's batch cannot be 0");
  if (options.max_epochs == 0) throw Error(ErrorKind::usage, "the predictor needs at least 1 epoch");
  if (options.patience == 0) throw Error(ErrorKind::usage, "the predictor's patience must be at least 1 epoch");
  if (options.seeds == 0) throw Error(ErrorKind::usage, "at least 1 predictor seed is needed");
}

void check_samples(const SteerabilityMatrix& steerability, const PredictorOptions& options) {
  if (steerability.samples < options.folds) {
    throw Error(ErrorKind::predictor,
                fmt::format("{} samples are too few to fit a predictor with {} folds: use more samples or fewer folds",
                            steerability.samples, options.folds));
  }
  if (!all_finite(steerability.values)) {
    throw Error(ErrorKind::predictor, "a steerability is not a finite number: run the sweep again");
  }
}

std::vector<float> to_vector(const Eigen::Ref<const Eigen::VectorXf>& values) {
  return {values.data(), values.data() + values.size()};
}

DenseLayer to_dense_layer(const Eigen::MatrixXf& weight, const Eigen::VectorXf& bias) {
  const Eigen::MatrixXf row_by_row = weight.transpose();
  return {to_vector(row_by_row.reshaped()), to_vector(bias)};
}

// A network on principal coordinates as a network on centred embeddings.
LayerPredictor make_predictor(const std::vector<std::size_t>& layers, const nn::PrincipalAxes& axes,
                              const nn::Mlp<float>& network) {
  PredictorParts parts{.layers = layers, .mean = to_vector(axes.mean), .network = {}};
  for (const auto& dense : network.layers) {
    const bool first = parts.network.empty();
    parts.network.push_back(to_dense_layer(
        first ? Eigen::MatrixXf((dense.weight.cast<double>() * axes.projection).cast<float>()) : dense.weight,
        dense.bias));
  }
  return LayerPredictor(parts);
}

void check_converged(const nn::Mlp<float>& network, const nn::Examples<float>& examples,
                     const PredictorSettings& settings) {
  nn::BatchPass<float> pass(network, examples.count());
  if (pass.forward(network, examples.inputs).allFinite()) return;
  throw Error(
      ErrorKind::predictor,
      fmt::format("training diverged with learning rate {}: let the grid have smaller ones", settings.learning_rate));
}

void train_final_networks(FittedPredictors& fitted, const TrainingSet& set, const std::vector<std::size_t>& layers,
                          const PredictorOptions& options, const Job& job) {
  std::vector<Eigen::Index> samples(static_cast<std::size_t>(set.samples()));
  std::iota(samples.begin(), samples.end(), Eigen::Index{0});
  const nn::PrincipalAxes axes = nn::principal_axes(set.points);
  const auto examples = make_examples(set, samples, axes);

  std::vector<nn::Mlp<float>> networks(options.seeds);
  const auto run = [&](std::size_t, std::size_t index) {
    Random random = random_of(options.seed, SeedStream::final_networks, index);
    networks[index] = initial_network(fitted.settings, examples, random);
    nn::train(networks[index], examples, fitted.epochs, training_options(set, fitted.settings, options), random);
    check_converged(networks[index], examples, fitted.settings);
  };
  const std::string stage = fmt::format("training {}", to_string(fitted.policy));
  run_parallel({.stage = stage, .total = options.seeds, .unit = "networks"}, thread_count(options.threads), run, job);
  for (const auto& network : networks) fitted.by_seed.push_back(make_predictor(layers, axes, network));
}

// Where all samples have the same label there is nothing to choose, and nothing to train.
CrossValidation cross_validation_of_only_class(const TrainingSet& set, const PredictorOptions& options) {
  CrossValidation found;
  for (const auto& settings : options.grid.settings()) {
    found.scores.push_back(
        {.settings = settings, .steerability = set.class_steerability.mean(), .accuracy = 1, .epochs = 0});
    found.curves.emplace_back();
  }
  return found;
}

CrossValidation cross_validation_of(const TrainingSet& set, const PredictorPolicy& policy,
                                    const PredictorOptions& options, const Job& job) {
  if (set.class_count() == 1) return cross_validation_of_only_class(set, options);
  return cross_validate(set, options, fmt::format("cross-validation {}", to_string(policy)), job);
}

// A network of one output, whose softmax is 1, says all there is to say.
void add_only_answer(FittedPredictors& fitted, const TrainingSet& set, std::size_t layer,
                     const PredictorOptions& options) {
  const auto width = static_cast<std::size_t>(set.points.rows());
  const LayerPredictor predictor(
      {.layers = {layer}, .mean = std::vector<float>(width), .network = {{std::vector<float>(width), {0}}}});
  fitted.by_seed.assign(options.seeds, predictor);
}

}  // namespace

std::vector<CrossValidationScore> cross_validate_predictors(std::span<const float> embeddings,
                                                            const SteerabilityMatrix& steerability,
                                                            const PredictorPolicy& policy,
                                                            const PredictorOptions& options, const Job& job) {
  check_policy(policy);
  check_options(options);
  check_samples(steerability, options);
  const LayerLabels labels = label_layers(steerability, policy.top_k);
  const TrainingSet set = make_training_set(embeddings, steerability, labels, policy.objective);
  return cross_validation_of(set, policy, options, job).scores;
}

FittedPredictors fit_predictors(std::span<const float> embeddings, const SteerabilityMatrix& steerability,
                                const PredictorPolicy& policy, const PredictorOptions& options, const Job& job) {
  check_policy(policy);
  check_options(options);
  check_samples(steerability, options);
  const LayerLabels labels = label_layers(steerability, policy.top_k);
  const TrainingSet set = make_training_set(embeddings, steerability, labels, policy.objective);

  auto found = cross_validation_of(set, policy, options, job);
  FittedPredictors fitted{
      .policy = policy, .settings = {}, .epochs = 0, .scores = std::move(found.scores), .by_seed = {}};
  const CrossValidationScore& best = best_score(fitted.scores);
  fitted.settings = best.settings;
  fitted.curves = std::move(found.curves[static_cast<std::size_t>(&best - fitted.scores.data())]);
  if (set.class_count() == 1) {
    add_only_answer(fitted, set, labels.layers.front(), options);
    return fitted;
  }
  fitted.epochs = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(best.epochs)));
  train_final_networks(fitted, set, labels.layers, options, job);
  return fitted;
}

}  // namespace w2s
