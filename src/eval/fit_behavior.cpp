#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "eval/measured_samples.h"
#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s {
namespace {

constexpr std::array fitting_parts = {SplitPart::train, SplitPart::validation};

void check_complete(const SweepStoreHeader& header, std::span<const SweepRecord> records) {
  const auto base =
      std::ranges::count_if(records, [](const auto& record) { return record.key.variant == PromptVariant::base; });
  if (static_cast<std::size_t>(base) == header.samples) return;
  throw Error(ErrorKind::results, fmt::format("the sweep of {} has {} of {} samples; run `w2s run` again to finish it",
                                              header.behavior, base, header.samples));
}

// The index of the method whose sweep chooses the fixed layer.
std::size_t choosing_method(const SweepStoreHeader& header, std::size_t method) {
  const auto& by = steering_method(header.methods[method]).fixed_layer_by;
  const auto found = std::ranges::find(header.methods, by);
  return found == header.methods.end() ? method : static_cast<std::size_t>(found - header.methods.begin());
}

std::size_t fixed_layer(const SweepStoreHeader& header, std::span<const SweepRecord> records, std::size_t method,
                        std::size_t encoder) {
  const auto samples = measured_samples(header, records, PromptVariant::base, fitting_parts, method, encoder);
  return header.grid.layers[best_fixed_column(samples.steerability)];
}

Job job_for(const Job& job, const SweepStoreHeader& header, std::size_t method) {
  if (header.methods.size() == 1 || !job.on_progress) return job;
  Job named = job;
  named.on_progress = [&job, name = header.methods[method]](const Progress& progress) {
    const auto stage = fmt::format("{}, {}", progress.stage, name);
    auto own = progress;
    own.stage = stage;
    job.report(own);
  };
  return named;
}

PredictorFile fit_one_method(const SweepStoreHeader& header, std::span<const SweepRecord> records, std::size_t method,
                             std::size_t encoder, const FitSettings& settings, const Job& job) {
  const auto samples = measured_samples(header, records, PromptVariant::base, fitting_parts, method, encoder);
  const auto own_job = job_for(job, header, method);

  PredictorFile file;
  file.encoder = to_string(header.encoders[encoder]);
  file.behavior = header.behavior;
  file.method = header.methods[method];
  if (const auto found = header.settings.find("architecture"); found != header.settings.end())
    file.model_architecture = found->second;
  file.model_layers = header.model_layers;
  file.fixed_layer_method = header.methods[choosing_method(header, method)];
  file.fixed_layer = fixed_layer(header, records, choosing_method(header, method), encoder);
  file.notes = {{"fit", to_string(settings)}};
  double best_score = 0;
  for (const auto& policy : policies_of(settings)) {
    auto fitted = fit_predictors(samples.embeddings, samples.steerability, policy, settings.predictor, own_job);
    double score = 0;
    for (const auto& candidate : fitted.scores)
      if (candidate.settings == fitted.settings) score = candidate.steerability;
    if (file.by_policy.empty() || score > best_score) {
      best_score = score;
      file.default_policy = policy;
    }
    file.by_policy.emplace(policy, std::move(fitted));
  }
  return file;
}

}  // namespace

std::vector<PredictorPolicy> policies_of(const FitSettings& settings) {
  std::set<PredictorPolicy> policies;
  for (const auto objective : settings.objectives) {
    if (objective == Objective::expected_steerability) {
      policies.insert({.objective = objective, .top_k = 1});
      continue;
    }
    for (const std::size_t top_k : settings.top_k) policies.insert({.objective = objective, .top_k = top_k});
  }
  if (policies.empty())
    throw Error(ErrorKind::usage, "there is no predictor to fit: name an objective, and a k for cross-entropy");
  return {policies.begin(), policies.end()};
}

std::string to_string(const FitSettings& settings) {
  const auto& predictor = settings.predictor;
  const auto& grid = predictor.grid;
  std::vector<std::string> policies;
  for (const auto& policy : policies_of(settings)) policies.push_back(to_string(policy));
  return fmt::format(
      "encoder {}; policies {}; folds {}; batch {}; epochs {}; patience {}; seeds {}; seed {}; learning rates {}; "
      "widths "
      "{}; "
      "hidden layers {}; weight decays {}",
      settings.encoder, fmt::join(policies, ","), predictor.folds, predictor.batch, predictor.max_epochs,
      predictor.patience, predictor.seeds, predictor.seed, fmt::join(grid.learning_rates, ","),
      fmt::join(grid.hidden_widths, ","), fmt::join(grid.hidden_layers, ","), fmt::join(grid.weight_decays, ","));
}

std::vector<PredictorFile> fit_behavior(const BehaviorFolder& folder, const FitSettings& settings, const Job& job) {
  const auto store = SweepStore::read(folder.sweep());
  const auto& header = store.header();
  const auto records = store.records();
  check_complete(header, records);
  const std::size_t encoder = recorded_encoder(header, settings.encoder);
  std::vector<PredictorFile> files;
  for (std::size_t method = 0; method < header.methods.size(); ++method) {
    const auto& file = files.emplace_back(fit_one_method(header, records, method, encoder, settings, job));
    write_predictors(folder.predictor(name_in_files(header.methods, method)), file);
  }
  return files;
}

}  // namespace w2s
