#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "nn/silhouette.h"
#include "nn/umap.h"
#include "results/prompt_embeddings.h"
#include "study/staged_job.h"
#include "w2s/study.h"

namespace w2s {
namespace {

// A behaviour whose sweep is finished, and the encoders that saw its prompts.
struct Subject {
  BehaviorResults behavior;
  std::vector<std::string> encoders;
};

std::vector<Subject> subjects_in(const std::filesystem::path& folder) {
  std::vector<Subject> subjects;
  for (const auto& own : behavior_folders(folder)) {
    BehaviorResults behavior(own);
    behavior.check_is_complete();
    auto encoders = behavior.encoders();
    subjects.push_back({.behavior = std::move(behavior), .encoders = std::move(encoders)});
  }
  return subjects;
}

// Each once, in the order of the first behaviour that has it.
std::vector<std::string> encoders_of(std::span<const Subject> subjects) {
  std::vector<std::string> names;
  for (const auto& subject : subjects) {
    for (const auto& name : subject.encoders)
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return names;
}

// The figures of one predictor on the test samples: those of the study's own tables.
PolicyResult on_test_samples(const BehaviorResults& behavior, std::size_t method, const PromptEmbeddings& embeddings,
                             const SteerabilityMatrix& fitting, FittedPredictors fitted) {
  const auto policy = fitted.policy;
  const auto& header = behavior.header();
  const auto& name = header.methods[method];
  PredictorFile file;
  file.encoder = embeddings.encoder();
  file.behavior = header.behavior;
  file.method = name;
  file.model_layers = header.model_layers;
  file.fixed_layer_method = name;
  file.default_policy = policy;
  file.by_policy.emplace(policy, std::move(fitted));
  auto samples = behavior.samples(PromptVariant::base, test_part, method, embeddings);
  const EvaluationSet set{.steerability = std::move(samples.steerability), .embeddings = std::move(samples.embeddings)};
  const EvaluationOptions without_intervals{.bootstrap_draws = 1, .random_draws = 1};
  const auto results = evaluate(file.behavior, fitting, file, set, without_intervals);
  return *std::ranges::find(results, "w2s-" + to_string(policy), &PolicyResult::policy);
}

EncoderScore score_encoder(const BehaviorResults& behavior, std::size_t method, const PromptEmbeddings& embeddings,
                           const PredictorOptions& options, const Job& job) {
  const auto fitting = behavior.samples(PromptVariant::base, fitting_parts, method, embeddings);
  constexpr PredictorPolicy top1{.objective = Objective::cross_entropy, .top_k = 1};
  auto fitted = fit_predictors(fitting.embeddings, fitting.steerability, top1, options, job);
  const auto held_out = best_score(fitted.scores);
  const auto test = on_test_samples(behavior, method, embeddings, fitting.steerability, std::move(fitted));
  return {.encoder = embeddings.encoder(),
          .behavior = behavior.header().behavior,
          .method = behavior.header().methods[method],
          .cv_accuracy = held_out.accuracy,
          .cv_steerability = held_out.steerability,
          .test_accuracy = test.accuracy.value_or(0),
          .test_steerability = test.steerability};
}

// Points of unit length with the number of their behaviour.
struct LabelledPoints {
  std::vector<float> values;
  std::vector<std::size_t> labels;
};

void add_points(const BehaviorResults& behavior, const PromptEmbeddings& embeddings, std::size_t label,
                EncoderSpace& space, LabelledPoints& points) {
  for (const auto& record : behavior.records(PromptVariant::base)) {
    const auto embedding = embeddings.of(record.key);
    std::vector<float> point(embedding.begin(), embedding.end());
    normalize(point);
    points.values.insert(points.values.end(), point.begin(), point.end());
    points.labels.push_back(label);
    space.points.push_back({.behavior = behavior.header().behavior, .sample = to_string(record.id), .umap = {}});
  }
}

void measure(EncoderSpace& space, const LabelledPoints& points, std::uint64_t seed) {
  const bool has_several_behaviors = points.labels.front() != points.labels.back();
  if (has_several_behaviors) space.silhouette = silhouette(points.values, space.width, points.labels);
  const auto coordinates = umap(points.values, space.width, {.seed = seed});
  for (std::size_t i = 0; i < coordinates.size(); ++i) space.points[i].umap = coordinates[i];
}

}  // namespace

EncoderComparison compare_encoders(const std::filesystem::path& folder, const PredictorOptions& options,
                                   const Job& job) {
  const auto subjects = subjects_in(folder);
  EncoderComparison comparison;
  for (const auto& encoder : encoders_of(subjects)) {
    job.check_stop();
    EncoderSpace space{.encoder = encoder, .silhouette = {}, .points = {}};
    LabelledPoints points;
    for (std::size_t i = 0; i < subjects.size(); ++i) {
      const auto& [behavior, encoders] = subjects[i];
      if (std::ranges::find(encoders, encoder) == encoders.end()) continue;
      const auto& header = behavior.header();
      const auto embeddings = behavior.embeddings(encoder);
      space.width = embeddings.width();
      add_points(behavior, embeddings, i, space, points);
      for (std::size_t method = 0; method < header.methods.size(); ++method) {
        const auto own_job = suffixed(job, encoder);
        const auto named_job = prefixed(own_job, header.behavior);
        comparison.scores.push_back(score_encoder(behavior, method, embeddings, options, named_job));
      }
    }
    measure(space, points, options.seed);
    comparison.spaces.push_back(std::move(space));
  }
  return comparison;
}

}  // namespace w2s
