#include "w2s/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <memory>
#include <numeric>
#include <utility>

#include "base/parallel.h"
#include "predictor/statistics.h"
#include "results/prompt_embeddings.h"
#include "results/settings_file.h"
#include "results/study_data.h"
#include "study/staged_job.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// How one policy shares a multiplier among layers. A policy with predictors has an outcome for each, others have one.
struct Policy {
  std::string name;
  std::string predictor_name;
  std::size_t layers = 1;
  std::size_t single = 0;  // the index of the same policy at one layer
  std::optional<std::size_t> layer;
  std::vector<LayerShare> shares;          // the same for every sample
  std::vector<LayerPredictor> predictors;  // or by the prompt

  [[nodiscard]] std::size_t outcomes() const { return std::max<std::size_t>(1, predictors.size()); }
  [[nodiscard]] std::vector<LayerShare> shares_of(std::size_t outcome, std::span<const float> embedding) const {
    if (predictors.empty()) return shares;
    const auto& predictor = predictors[outcome];
    return most_likely_shares(predictor.layers(), predictor.probabilities(embedding), layers);
  }
};

// What was measured with one policy, [outcomes][samples].
struct Measured {
  std::vector<std::vector<double>> steerability;
  std::vector<std::vector<double>> largest_share;

  Measured(std::size_t outcomes, std::size_t samples)
      : steerability(outcomes, std::vector<double>(samples)), largest_share(steerability) {}
};

struct Method {
  std::string name;
  std::unique_ptr<VectorSource> source;
  std::vector<Policy> policies;
  std::vector<Measured> measured;  // [policies]
  MeasuredSamples swept;           // the same samples, as the study's sweep has them
};

// One behaviour of the study and all that is to be measured of it.
struct Subject {
  SweepStoreHeader header;
  SplitPart part = SplitPart::test;
  std::vector<TokenizedSample> samples;
  std::vector<Method> methods;
  std::vector<double> differences;  // [samples]: the largest from the sweep
};

std::vector<std::size_t> layer_counts(std::vector<std::size_t> counts) {
  counts.push_back(1);
  std::ranges::sort(counts);
  const auto repeated = std::ranges::unique(counts);
  counts.erase(repeated.begin(), repeated.end());
  if (counts.front() == 0) throw Error(ErrorKind::usage, "steering at 0 layers: count them from 1");
  return counts;
}

// Layers in the order of their mean steerability, the highest first: the first is the best fixed layer.
std::vector<std::size_t> layers_by_mean(const SteerabilityMatrix& matrix) {
  std::vector<double> means(matrix.layers.size());
  for (std::size_t i = 0; i < matrix.samples; ++i)
    std::ranges::transform(means, matrix.sample(i), means.begin(), std::plus<>());
  std::vector<std::size_t> order(matrix.layers.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t column) { return means[column]; });
  std::vector<std::size_t> layers;
  for (const std::size_t column : order) layers.push_back(matrix.layers[column]);
  return layers;
}

std::vector<Policy> policies_for(std::span<const std::size_t> counts, std::span<const std::size_t> by_mean,
                                 const FittedPredictors& fitted) {
  std::vector<Policy> policies;
  for (const std::size_t count : counts) {
    const auto best = by_mean.first(std::min(count, by_mean.size()));
    policies.push_back({.name = count == 1 ? "fixed" : fmt::format("fixed-best{}", count),
                        .predictor_name = {},
                        .layers = count,
                        .single = 0,
                        .layer = count == 1 ? std::optional(best.front()) : std::nullopt,
                        .shares = equal_shares(best),
                        .predictors = {}});
  }
  const std::size_t first = policies.size();
  for (const std::size_t count : counts) {
    policies.push_back({.name = count == 1 ? "auto" : fmt::format("auto:{}", count),
                        .predictor_name = "w2s-" + to_string(fitted.policy),
                        .layers = count,
                        .single = first,
                        .layer = {},
                        .shares = {},
                        .predictors = fitted.by_seed});
  }
  return policies;
}

// The method whose sweep chooses another's fixed layer.
std::size_t index_of_method(const SweepStoreHeader& header, const std::string& name) {
  const auto found = std::ranges::find(header.methods, name);
  if (found != header.methods.end()) return static_cast<std::size_t>(found - header.methods.begin());
  throw Error(ErrorKind::results, fmt::format("the sweep of {} lacks the method {}", header.behavior, name));
}

void add_method(Subject& subject, const BehaviorResults& behavior, std::size_t method,
                std::span<const std::size_t> counts, const ModelInfo& model) {
  auto source = behavior.vectors(method);
  if (source->needs().answers) return;
  const auto& predictors = behavior.predictors(method);
  const auto& fitted = predictors.by_policy.at(predictors.default_policy);
  check_fits(*source, model, fitted.by_seed.front().layers());

  const auto by_mean = layers_by_mean(behavior.steerability(
      PromptVariant::base, fitting_parts, index_of_method(subject.header, predictors.fixed_layer_method)));
  const std::array parts = {subject.part};
  subject.methods.push_back(
      {.name = subject.header.methods[method],
       .source = std::move(source),
       .policies = policies_for(counts, by_mean, fitted),
       .measured = {},
       .swept = behavior.samples(PromptVariant::base, parts, method, behavior.embeddings(predictors.encoder))});
  auto& added = subject.methods.back();
  for (const auto& policy : added.policies)
    added.measured.emplace_back(policy.outcomes(), added.swept.steerability.samples);
}

Subject subject_of(const BehaviorResults& results, const Behavior& behavior, const MultiLayerSettings& settings,
                   std::span<const std::size_t> counts, const Model& model) {
  results.check_is_complete();
  Subject subject;
  subject.header = results.header();
  subject.part = settings.evaluation.part;
  for (const auto& record : results.records(PromptVariant::base)) {
    if (record.part == subject.part)
      subject.samples.push_back(tokenize_sample(model, behavior, behavior.samples.at(record.key.sample)));
  }
  subject.differences.resize(subject.samples.size());
  for (std::size_t method = 0; method < subject.header.methods.size(); ++method)
    add_method(subject, results, method, counts, model.info());
  return subject;
}

std::span<const float> embedding_of(const Method& method, std::size_t sample) {
  const std::size_t width = method.swept.embeddings.size() / method.swept.steerability.samples;
  return std::span(method.swept.embeddings).subspan(sample * width, width);
}

// A method's vectors at one layer or several.
struct JointSteering {
  std::size_t method = 0;
  std::vector<LayerShare> layers = {};
};

// The steerings of one sample, each once, however many policies and seeds choose it.
class SteeringsOfSample {
 public:
  SteeringsOfSample(const Subject& subject, std::size_t sample) {
    for (std::size_t m = 0; m < subject.methods.size(); ++m) {
      const auto& method = subject.methods[m];
      for (const auto& policy : method.policies)
        for (std::size_t outcome = 0; outcome < policy.outcomes(); ++outcome)
          add({.method = m, .layers = policy.shares_of(outcome, embedding_of(method, sample))});
    }
  }

  [[nodiscard]] const std::vector<JointSteering>& distinct() const { return distinct_; }
  /// In the order of methods, policies and outcomes: which of the distinct ones it is.
  [[nodiscard]] const std::vector<std::size_t>& order() const { return order_; }

 private:
  using Key = std::pair<std::size_t, std::vector<std::pair<std::size_t, float>>>;

  void add(JointSteering steering) {
    Key key{steering.method, {}};
    for (const auto& share : steering.layers) key.second.emplace_back(share.layer, share.share);
    const auto [entry, is_new] = indices_.try_emplace(std::move(key), distinct_.size());
    if (is_new) distinct_.push_back(std::move(steering));
    order_.push_back(entry->second);
  }

  std::vector<JointSteering> distinct_;
  std::vector<std::size_t> order_;
  std::map<Key, std::size_t> indices_;
};

SweepPlan plan_for(const Subject& subject, std::size_t sample, std::span<const JointSteering> steerings) {
  std::vector<Intervention> rows;
  for (const auto& [method, layers] : steerings)
    for (const float multiplier : multipliers_to_run(subject.header.grid))
      rows.push_back({.source = method, .layers = layers, .multiplier = multiplier});
  SweepPlan plan{.sample = &subject.samples[sample], .operation = subject.header.grid.operation};
  for (const auto& method : subject.methods) plan.sources.push_back(method.source.get());
  plan.choose = always(std::move(rows));
  return plan;
}

// How far a steerability at one layer is from what the sweep found there.
double difference_from_sweep(const Method& method, std::size_t sample, const std::vector<LayerShare>& shares,
                             double slope) {
  const auto& swept = method.swept.steerability;
  const auto column = std::ranges::find(swept.layers, shares.front().layer);
  if (shares.size() != 1 || column == swept.layers.end()) return 0;
  return std::abs(swept.sample(sample)[static_cast<std::size_t>(column - swept.layers.begin())] - slope);
}

void take(Subject& subject, std::size_t sample, const SteeringsOfSample& steerings,
          const SweepOutcome& outcome_of_plan) {
  auto grid = subject.header.grid;
  grid.layers.resize(steerings.distinct().size());  // a row of the map is a steering
  const auto propensities = propensity_map(grid, outcome_of_plan.unsteered, outcome_of_plan.steered);
  auto next = steerings.order().begin();
  for (auto& method : subject.methods) {
    for (std::size_t p = 0; p < method.policies.size(); ++p) {
      for (std::size_t outcome = 0; outcome < method.policies[p].outcomes(); ++outcome) {
        const std::size_t index = *next++;
        const auto& shares = steerings.distinct()[index].layers;
        const double slope = steerability(grid.multipliers, propensities.layer(index));
        method.measured[p].steerability[outcome][sample] = slope;
        method.measured[p].largest_share[outcome][sample] =
            static_cast<double>(std::ranges::max(shares, {}, &LayerShare::share).share);
        subject.differences[sample] =
            std::max(subject.differences[sample], difference_from_sweep(method, sample, shares, slope));
      }
    }
  }
}

void measure(Subject& subject, SweepExecutors executors, const Job& job) {
  run_parallel_together(
      {.stage = "steering at several layers", .done = 0, .total = subject.samples.size()}, executors.size(),
      executors.front()->plans_at_once(),
      [&](std::size_t worker, std::size_t first, std::size_t count) {
        std::vector<SteeringsOfSample> steerings;
        std::vector<SweepPlan> plans;
        for (std::size_t i = 0; i < count; ++i) {
          steerings.emplace_back(subject, first + i);
          plans.push_back(plan_for(subject, first + i, steerings.back().distinct()));
        }
        const auto outcomes = executors[worker]->run_together(plans);
        for (std::size_t i = 0; i < count; ++i) take(subject, first + i, steerings[i], outcomes[i]);
      },
      job);
}

// Each sample's gain is the mean over the policy's outcomes; a policy with one outcome is compared with all of them.
Interval gain(const Measured& policy, const Measured& other, const EvaluationOptions& options) {
  std::vector<double> gains(policy.steerability.front().size());
  for (std::size_t outcome = 0; outcome < policy.steerability.size(); ++outcome) {
    const auto& own = policy.steerability[outcome];
    const auto& others = other.steerability[other.steerability.size() == 1 ? 0 : outcome];
    for (std::size_t i = 0; i < gains.size(); ++i) gains[i] += own[i] - others[i];
  }
  for (double& value : gains) value /= static_cast<double>(policy.steerability.size());
  return bootstrap_mean(gains, options);
}

MultiLayerResult result_of(const Subject& subject, const Method& method, std::size_t p,
                           const EvaluationOptions& options) {
  const auto& policy = method.policies[p];
  const auto& measured = method.measured[p];
  std::vector<double> means;
  std::vector<double> proportions;
  std::vector<double> shares;
  for (std::size_t outcome = 0; outcome < policy.outcomes(); ++outcome) {
    const auto& slopes = measured.steerability[outcome];
    means.push_back(mean(slopes));
    proportions.push_back(static_cast<double>(std::ranges::count_if(slopes, [](double slope) { return slope > 0; })) /
                          static_cast<double>(slopes.size()));
    shares.push_back(mean(measured.largest_share[outcome]));
  }
  MultiLayerResult result;
  auto& row = result.result;
  row.behavior = subject.header.behavior;
  row.method = method.name;
  row.split = to_string(subject.part);
  row.policy = policy.name;
  row.layer = policy.layer;
  row.samples = subject.samples.size();
  row.steerability = mean(means);
  row.steerability_sd = standard_deviation(means);
  row.proportion_steerable = mean(proportions);
  row.proportion_sd = standard_deviation(proportions);
  if (p > 0) row.gain_over_fixed = gain(measured, method.measured.front(), options);
  result.predictor = policy.predictor_name;
  result.layers = policy.layers;
  result.largest_share = mean(shares);
  if (policy.single != p) result.gain_over_single = gain(measured, method.measured[policy.single], options);
  return result;
}

std::vector<MultiLayerResult> means_of(std::span<const MultiLayerResult> results) {
  std::vector<PolicyResult> rows;
  for (const auto& result : results) rows.push_back(result.result);
  std::vector<MultiLayerResult> means;
  for (auto& row : mean_over_behaviors(rows)) {
    std::vector<double> shares;
    std::size_t layers = 1;
    for (const auto& result : results) {
      if (result.result.method != row.method || result.result.policy != row.policy) continue;
      shares.push_back(result.largest_share);
      layers = result.layers;
    }
    means.push_back(
        {.result = std::move(row), .layers = layers, .largest_share = mean(shares), .gain_over_single = {}});
  }
  return means;
}

// That of the folder, where it can compute the model as it is loaded now.
ExecutorChoice executor_to_repeat_with(const fs::path& folder, ExecutorChoice asked, const Model& model) {
  if (asked == ExecutorChoice::automatic && recorded_executor(folder) == ExecutorChoice::rows)
    return ExecutorChoice::rows;
  return resolve_executor(asked, model);
}

DecoderOptions decoder_options(const MultiLayerSettings& settings, std::span<const Subject> subjects) {
  auto options = settings.decoder;
  if (options.context > 0) return options;
  std::size_t longest = 0;
  for (const auto& subject : subjects)
    for (const auto& sample : subject.samples) longest = std::max(longest, sample.prompt.size());
  options.context = longest + options.sequences;
  return options;
}

}  // namespace

MultiLayerOutcome evaluate_multi_layer(const fs::path& folder, const MultiLayerSettings& settings, const Job& job) {
  const auto counts = layer_counts(settings.layer_counts);
  const ResultsFolder results(folder);
  const auto& folders = results.behaviors();
  const auto behaviors =
      read_study_data(results, swept_behaviors(folders, settings.model, settings.model_options), settings.data);
  const auto model = Model::load(settings.model, settings.model_options);
  std::vector<Subject> subjects;
  for (std::size_t i = 0; i < folders.size(); ++i)
    subjects.push_back(subject_of(BehaviorResults(folders[i]), behaviors[i], settings, counts, model));

  auto decoders = make_decoders(model, decoder_options(settings, subjects));
  const auto executors = make_executors(decoders, executor_to_repeat_with(folder, settings.executor, model));
  MultiLayerOutcome outcome;
  for (auto& subject : subjects) {
    measure(subject, executors, prefixed(job, subject.header.behavior));
    for (const auto& method : subject.methods)
      for (std::size_t p = 0; p < method.policies.size(); ++p)
        outcome.results.push_back(result_of(subject, method, p, settings.evaluation));
    outcome.difference_from_sweep.emplace_back(subject.header.behavior, std::ranges::max(subject.differences));
  }
  auto means = means_of(outcome.results);
  std::ranges::move(means, std::back_inserter(outcome.results));
  return outcome;
}

}  // namespace w2s
