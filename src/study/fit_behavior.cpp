#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "study/measured_samples.h"
#include "study/staged_job.h"
#include "w2s/encoder_choice.h"
#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s {
namespace {

// The index of the method whose sweep chooses the fixed layer.
std::size_t choosing_method(const SweepStoreHeader& header, std::size_t method) {
  const auto& by = steering_method(header.methods[method]).fixed_layer_by;
  const auto found = std::ranges::find(header.methods, by);
  return found == header.methods.end() ? method : static_cast<std::size_t>(found - header.methods.begin());
}

std::size_t fixed_layer(const SweepStoreHeader& header, std::span<const SweepRecord> records, std::size_t method) {
  const auto steerability = measured_steerability(header, records, PromptVariant::base, fitting_parts, method);
  return header.grid.layers[best_fixed_column(steerability)];
}

Job job_for(const Job& job, const SweepStoreHeader& header, std::size_t method) {
  return header.methods.size() == 1 ? job : suffixed(job, header.methods[method]);
}

// A behaviour's finished sweep, with what is the same for all its methods.
struct FinishedSweep {
  BehaviorFolder folder;
  SweepStoreHeader header;
  std::vector<SweepRecord> records;
  std::vector<std::string> candidates;  // encoders to choose from

  [[nodiscard]] MeasuredSamples fitting_samples(std::size_t method, const std::string& encoder) const {
    const auto embeddings = embeddings_of(folder, header, records, encoder);
    return measured_samples(header, records, PromptVariant::base, fitting_parts, method, embeddings);
  }
};

std::vector<std::string> candidates_of(const BehaviorFolder& folder, const SweepStoreHeader& header,
                                       const std::string& encoder) {
  const bool is_open = parse_encoder_choice(encoder).kind == EncoderKind::best;
  return is_open ? encoders_in(folder, header) : std::vector{find_encoder(folder, header, encoder)};
}

// What the note "fit" says: an encoder by its whole name, and what there was to choose from.
std::string fit_note(FitSettings settings, std::span<const std::string> candidates) {
  const bool is_open = parse_encoder_choice(settings.encoder).kind == EncoderKind::best;
  if (!is_open) settings.encoder = candidates.front();
  return to_string(settings) + (is_open ? fmt::format("; of encoders {}", fmt::join(candidates, ", ")) : "");
}

// The encoder of a method's predictors, and why.
struct ChosenEncoder {
  std::string name;
  std::string note = {};  // empty where there was no choice
};

ChosenEncoder choose_encoder(const FinishedSweep& sweep, std::size_t method, const PredictorOptions& options,
                             const Job& job) {
  if (sweep.candidates.size() == 1) return {.name = sweep.candidates.front()};
  ChosenEncoder chosen;
  double best = 0;
  std::vector<std::string> figures;
  for (const auto& name : sweep.candidates) {
    const auto samples = sweep.fitting_samples(method, name);
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

PredictorFile fit_one_method(const FinishedSweep& sweep, std::size_t method, const FitSettings& settings,
                             const Job& job) {
  const auto& header = sweep.header;
  const auto own_job = job_for(job, header, method);
  const auto encoder = choose_encoder(sweep, method, settings.predictor, own_job);
  const auto samples = sweep.fitting_samples(method, encoder.name);

  PredictorFile file;
  file.encoder = encoder.name;
  file.behavior = header.behavior;
  file.method = header.methods[method];
  if (const auto found = header.settings.find("architecture"); found != header.settings.end())
    file.model_architecture = found->second;
  file.model_layers = header.model_layers;
  file.fixed_layer_method = header.methods[choosing_method(header, method)];
  file.fixed_layer = fixed_layer(header, sweep.records, choosing_method(header, method));
  file.notes = {{"fit", fit_note(settings, sweep.candidates)}};
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
      settings.encoder, fmt::join(policies, ","), predictor.folds, predictor.batch, predictor.max_epochs,
      predictor.patience, predictor.seeds, predictor.seed, fmt::join(grid.learning_rates, ","),
      fmt::join(grid.hidden_widths, ","), fmt::join(grid.hidden_layers, ","), fmt::join(grid.weight_decays, ","));
}

std::vector<PredictorFile> fit_behavior(const BehaviorFolder& folder, const FitSettings& settings, const Job& job) {
  const auto store = SweepStore::read(folder.sweep());
  const FinishedSweep sweep{.folder = folder,
                            .header = store.header(),
                            .records = store.records(),
                            .candidates = candidates_of(folder, store.header(), settings.encoder)};
  check_is_complete(sweep.header, sweep.records);
  std::vector<PredictorFile> files;
  for (std::size_t method = 0; method < sweep.header.methods.size(); ++method) {
    const auto& file = files.emplace_back(fit_one_method(sweep, method, settings, job));
    write_predictors(folder.predictor(name_in_files(sweep.header.methods, method)), file);
  }
  return files;
}

bool is_fitted(const BehaviorFolder& folder, const FitSettings& settings) {
  const auto header = SweepStore::read(folder.sweep()).header();
  const auto note = fit_note(settings, candidates_of(folder, header, settings.encoder));
  for (std::size_t method = 0; method < header.methods.size(); ++method) {
    const auto path = folder.predictor(name_in_files(header.methods, method));
    if (!std::filesystem::exists(path) || recorded_fit(path) != note) return false;
  }
  return true;
}

}  // namespace w2s
