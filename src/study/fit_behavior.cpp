#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "results/prompt_embeddings.h"
#include "study/staged_job.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s {
namespace {

// The index of the method whose sweep chooses the fixed layer.
std::size_t choosing_method(const SweepStoreHeader& header, std::size_t method) {
  const auto& by = steering_method(header.methods[method]).fixed_layer_by;
  const auto found = std::ranges::find(header.methods, by);
  return found == header.methods.end() ? method : static_cast<std::size_t>(found - header.methods.begin());
}

std::size_t fixed_layer(const BehaviorResults& behavior, std::size_t method) {
  const auto steerability = behavior.steerability(PromptVariant::base, fitting_parts, method);
  return behavior.header().grid.layers[best_fixed_column(steerability)];
}

Job job_for(const Job& job, const SweepStoreHeader& header, std::size_t method) {
  return header.methods.size() == 1 ? job : suffixed(job, header.methods[method]);
}

// Encoders to choose from.
std::vector<std::string> candidates_of(const BehaviorResults& behavior, const EncoderChoice& encoder) {
  const bool is_open = encoder.kind == EncoderKind::best;
  return is_open ? behavior.encoders() : std::vector{behavior.find_encoder(encoder)};
}

MeasuredSamples fitting_samples(const BehaviorResults& behavior, std::size_t method, const std::string& encoder) {
  return behavior.samples(PromptVariant::base, fitting_parts, method, behavior.embeddings(encoder));
}

// What the note "fit" says: an encoder by its whole name, and what there was to choose from.
std::string fit_note(FitSettings settings, std::span<const std::string> candidates) {
  const bool is_open = settings.encoder.kind == EncoderKind::best;
  if (!is_open) settings.encoder = parse_encoder_choice(candidates.front());
  return to_string(settings) + (is_open ? fmt::format("; of encoders {}", fmt::join(candidates, ", ")) : "");
}

// The encoder of a method's predictors, and why.
struct ChosenEncoder {
  std::string name;
  std::string note = {};  // empty where there was no choice
};

ChosenEncoder choose_encoder(const BehaviorResults& behavior, std::span<const std::string> candidates,
                             std::size_t method, const PredictorOptions& options, const Job& job) {
  if (candidates.size() == 1) return {.name = candidates.front()};
  ChosenEncoder chosen;
  double best = 0;
  std::vector<std::string> figures;
  for (const auto& name : candidates) {
    const auto samples = fitting_samples(behavior, method, name);
    const auto scores = cross_validate_predictors(samples.embeddings, samples.steerability, {}, options,
                                                  suffixed(job, fmt::format("encoder {}", name)));
    const double score = best_score(scores).steerability;
    figures.push_back(fmt::format("{} {:.4g}", name, score));
    if (!chosen.name.empty() && score <= best) continue;
    chosen.name = name;
    best = score;
  }
  chosen.note = fmt::format("{}, by cross-validated steerability (Top-1): {}", chosen.name, fmt::join(figures, ", "));
  return chosen;
}

PredictorFile fit_one_method(const BehaviorResults& behavior, std::span<const std::string> candidates,
                             std::size_t method, const FitSettings& settings, const Job& job) {
  const auto& header = behavior.header();
  const auto own_job = job_for(job, header, method);
  const auto encoder = choose_encoder(behavior, candidates, method, settings.predictor, own_job);
  const auto samples = fitting_samples(behavior, method, encoder.name);

  PredictorFile file;
  file.encoder = encoder.name;
  file.behavior = header.behavior;
  file.method = header.methods[method];
  file.operation = header.grid.operation;
  file.model_architecture = behavior.setting("architecture");
  file.model_layers = header.model_layers;
  file.fixed_layer_method = header.methods[choosing_method(header, method)];
  file.fixed_layer = fixed_layer(behavior, choosing_method(header, method));
  file.notes = {{"fit", fit_note(settings, candidates)}};
  if (!encoder.note.empty()) file.notes["encoder choice"] = encoder.note;
  double highest = 0;
  for (const auto& policy : policies_of(settings)) {
    auto fitted = fit_predictors(samples.embeddings, samples.steerability, policy, settings.predictor, own_job);
    const double score = best_score(fitted.scores).steerability;
    if (file.by_policy.empty() || score > highest) {
      highest = score;
      file.default_policy = policy;
    }
    file.by_policy.emplace(policy, std::move(fitted));
  }
  return file;
}

// How the predictors of a file were fitted; nothing for one that another version of w2s wrote.
std::optional<std::string> recorded_fit(const std::filesystem::path& path) try {
  const auto notes = read_predictors(path).notes;
  const auto found = notes.find("fit");
  return found == notes.end() ? std::nullopt : std::optional(found->second);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::predictor) throw;
  return std::nullopt;
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
      "widths {}; hidden layers {}; weight decays {}",
      with_path(settings.encoder), fmt::join(policies, ","), predictor.folds, predictor.batch, predictor.max_epochs,
      predictor.patience, predictor.seeds, predictor.seed, fmt::join(grid.learning_rates, ","),
      fmt::join(grid.hidden_widths, ","), fmt::join(grid.hidden_layers, ","), fmt::join(grid.weight_decays, ","));
}

std::vector<PredictorFile> fit_behavior(const BehaviorResults& behavior, const FitSettings& settings, const Job& job) {
  const auto candidates = candidates_of(behavior, settings.encoder);
  behavior.check_is_complete();
  const auto& methods = behavior.header().methods;
  std::vector<PredictorFile> files;
  for (std::size_t method = 0; method < methods.size(); ++method) {
    const auto& file = files.emplace_back(fit_one_method(behavior, candidates, method, settings, job));
    write_predictors(behavior.folder().predictor(name_in_files(methods, method)), file);
  }
  return files;
}

bool is_fitted(const BehaviorResults& behavior, const FitSettings& settings) {
  const auto& methods = behavior.header().methods;
  const auto note = fit_note(settings, candidates_of(behavior, settings.encoder));
  for (std::size_t method = 0; method < methods.size(); ++method) {
    const auto path = behavior.folder().predictor(name_in_files(methods, method));
    if (!std::filesystem::exists(path) || recorded_fit(path) != note) return false;
  }
  return true;
}

}  // namespace w2s
