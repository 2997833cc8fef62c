#include "predictor/cross_validation.h"

#include <algorithm>
#include <functional>
#include <span>
#include <tuple>
#include <utility>

#include "base/parallel.h"

namespace w2s {
namespace {

struct Fold {
  nn::Examples<float> training;
  nn::Examples<float> held_out;
  std::vector<Eigen::Index> held_out_samples;
};

// How one network was trained, and what it did on its held-out samples, as sums.
struct FoldOutcome {
  double steerability = 0;
  std::size_t correct = 0;
  std::size_t best_epoch = 0;
  TrainingCurve curve = {};
};

struct NetworkTask {
  std::size_t setting = 0;
  std::size_t fold = 0;
};

Fold make_fold(const TrainingSet& set, const std::vector<std::vector<Eigen::Index>>& parts, std::size_t held_out) {
  std::vector<Eigen::Index> training;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i != held_out) training.insert(training.end(), parts[i].begin(), parts[i].end());
  }
  const nn::PrincipalAxes axes = nn::principal_axes(set.points(Eigen::all, training));
  return {make_examples(set, training, axes), make_examples(set, parts[held_out], axes), parts[held_out]};
}

std::vector<Fold> prepare_folds(const TrainingSet& set, const PredictorOptions& options, const Job& job) {
  const auto parts = make_folds(set.samples(), options.folds, options.seed);
  std::vector<Fold> folds(parts.size());
  const Job silent{.on_progress = {}, .on_warning = {}, .stop = job.stop};
  run_parallel(
      {.stage = "folds", .total = parts.size(), .unit = "folds"}, thread_count(options.threads),
      [&](std::size_t, std::size_t i) { folds[i] = make_fold(set, parts, i); }, silent);
  return folds;
}

FoldOutcome score_network(const TrainingSet& set, const Fold& fold, const PredictorSettings& settings,
                          const PredictorOptions& options, Random random) {
  nn::Mlp<float> network = initial_network(settings, fold.training, random);
  const nn::EarlyStopping stopping{.max_epochs = options.max_epochs, .patience = options.patience};
  auto training = nn::train_with_early_stopping(network, fold.training, fold.held_out, stopping,
                                                training_options(set, settings, options), random);

  FoldOutcome outcome{
      .best_epoch = training.best_epoch,
      .curve = {.training = std::move(training.training_losses), .held_out = std::move(training.held_out_losses)}};
  nn::BatchPass<float> pass(network, fold.held_out.count());
  const auto outputs = pass.forward(network, fold.held_out.inputs);
  for (Eigen::Index i = 0; i < outputs.cols(); ++i) {
    const Eigen::Index sample = fold.held_out_samples[static_cast<std::size_t>(i)];
    Eigen::Index predicted = 0;
    outputs.col(i).maxCoeff(&predicted);
    outcome.steerability += set.class_steerability(predicted, sample);
    if (predicted == set.classes[static_cast<std::size_t>(sample)]) ++outcome.correct;
  }
  return outcome;
}

CrossValidationScore mean_score(const PredictorSettings& settings, std::span<const FoldOutcome> folds,
                                Eigen::Index samples) {
  CrossValidationScore mean{.settings = settings};
  for (const FoldOutcome& fold : folds) {
    mean.steerability += fold.steerability;
    mean.accuracy += static_cast<double>(fold.correct);
    mean.epochs += static_cast<double>(fold.best_epoch);
  }
  mean.steerability /= static_cast<double>(samples);
  mean.accuracy /= static_cast<double>(samples);
  mean.epochs /= static_cast<double>(folds.size());
  return mean;
}

// Largest networks first, so that no thread begins a long one when the others are done.
std::vector<NetworkTask> plan(const std::vector<PredictorSettings>& settings, std::size_t folds) {
  std::vector<NetworkTask> tasks;
  for (std::size_t setting = 0; setting < settings.size(); ++setting) {
    for (std::size_t fold = 0; fold < folds; ++fold) tasks.push_back({setting, fold});
  }
  std::ranges::stable_sort(tasks, std::greater<>(), [&](const NetworkTask& task) {
    const auto& chosen = settings[task.setting];
    return std::tuple(chosen.hidden_width * (chosen.hidden_layers + 1), -chosen.learning_rate);
  });
  return tasks;
}

}  // namespace

Random random_of(std::uint64_t seed, SeedStream stream, std::size_t index) {
  return Random::stream(seed, static_cast<std::uint64_t>(stream) + index);
}

std::vector<std::vector<Eigen::Index>> make_folds(Eigen::Index samples, std::size_t folds, std::uint64_t seed) {
  const auto order = random_of(seed, SeedStream::folds).permutation(static_cast<std::size_t>(samples));
  std::vector<std::vector<Eigen::Index>> parts(folds);
  for (std::size_t i = 0; i < order.size(); ++i) parts[i % folds].push_back(static_cast<Eigen::Index>(order[i]));
  return parts;
}

CrossValidation cross_validate(const TrainingSet& set, const PredictorOptions& options, std::string_view stage,
                               const Job& job) {
  const auto folds = prepare_folds(set, options, job);
  const auto settings = options.grid.settings();
  const auto tasks = plan(settings, folds.size());
  std::vector<FoldOutcome> outcomes(tasks.size());
  const auto run = [&](std::size_t, std::size_t index) {
    const auto [setting, fold] = tasks[index];
    outcomes[setting * folds.size() + fold] = score_network(
        set, folds[fold], settings[setting], options, random_of(options.seed, SeedStream::cross_validation, fold));
  };
  run_parallel({.stage = stage, .total = tasks.size(), .unit = "networks"}, thread_count(options.threads), run, job);

  CrossValidation found;
  for (std::size_t i = 0; i < settings.size(); ++i) {
    const auto of_setting = std::span(outcomes).subspan(i * folds.size(), folds.size());
    found.scores.push_back(mean_score(settings[i], of_setting, set.samples()));
    auto& curves = found.curves.emplace_back();
    for (auto& outcome : of_setting) curves.push_back(std::move(outcome.curve));
  }
  return found;
}

const CrossValidationScore& best_score(std::span<const CrossValidationScore> scores) {
  return *std::ranges::min_element(scores, {}, [](const CrossValidationScore& score) {
    return std::tuple(-score.steerability, score.settings.hidden_width, score.settings.hidden_layers);
  });
}

}  // namespace w2s
