#include "report/gather_report.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/paper/findings.h"
#include "report/open_study.h"
#include "results/prompt_embeddings.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s::report {
namespace {

namespace fs = std::filesystem;

std::string policy_in_results(const PredictorPolicy& policy) { return "w2s-" + to_string(policy); }

PredictorReport predictor_report(const FittedPredictors& fitted) {
  return {.policy = policy_in_results(fitted.policy),
          .layers = fitted.by_seed.front().layers(),
          .settings = fitted.settings,
          .epochs = fitted.epochs,
          .seeds = fitted.by_seed.size(),
          .scores = fitted.scores,
          .curves = fitted.curves};
}

std::vector<std::size_t> best_layers(const SweepStoreHeader& header, std::span<const PropensityMap> propensity) {
  std::vector<std::size_t> best;
  for (const auto& map : propensity)
    best.push_back(header.grid.layers[best_layer(steerability(header.grid.multipliers, map))]);
  return best;
}

void add_choices(MethodReport& report, const PredictorFile& file, const BehaviorResults& behavior) {
  const auto embeddings = behavior.embeddings(file.encoder);
  const auto records = behavior.records(PromptVariant::base);
  for (const auto& [policy, fitted] : file.by_policy) {
    auto& choices = report.choices[policy_in_results(policy)];
    for (const auto& record : records) choices.push_back(fitted.by_seed.front().layer(embeddings.of(record.key)));
  }
  const auto& shown = file.by_policy.at(file.default_policy).by_seed.front();
  for (const auto& record : records) {
    const auto probabilities = shown.probabilities(embeddings.of(record.key));
    report.probabilities.insert(report.probabilities.end(), probabilities.begin(), probabilities.end());
  }
}

MethodReport method_report(const BehaviorResults& behavior, std::size_t method, LayerAnalysis analysis,
                           std::span<const MethodAgreement> agreement) {
  const auto& header = behavior.header();
  const auto& file = behavior.predictors(method);
  MethodReport report;
  report.encoder = file.encoder;
  report.fixed_layer_method = file.fixed_layer_method;
  report.default_policy = policy_in_results(file.default_policy);
  report.analysis = std::move(analysis);
  for (const auto& [policy, fitted] : file.by_policy) report.predictors.push_back(predictor_report(fitted));
  const auto agreed = std::ranges::find(agreement, header.methods[method], &MethodAgreement::method);
  if (agreed != agreement.end()) report.agreement = agreed->mean;
  for (const auto& record : behavior.records(PromptVariant::base))
    report.propensity.push_back(record.propensity[method]);
  report.best = best_layers(header, report.propensity);
  add_choices(report, file, behavior);
  return report;
}

void warn_of_missing_prompts(const ReportData& data, const Job& job) {
  std::vector<std::string> behaviors;
  for (const auto& behavior : data.behaviors)
    if (behavior.prompts.empty()) behaviors.push_back(behavior.name);
  if (behaviors.empty()) return;
  job.warn(
      fmt::format("the report shows no prompts of {}, whose texts were not kept: `w2s run` again with the same "
                  "settings writes them",
                  fmt::join(behaviors, ", ")));
}

// Those that a person asked for.
std::vector<std::string> methods_to_show(std::span<const std::string> swept) {
  std::vector<std::string> methods;
  std::ranges::copy_if(swept, std::back_inserter(methods),
                       [&](const std::string& method) { return !paper::is_brought_along(method, swept); });
  return methods;
}

BehaviorReport behavior_report(const BehaviorResults& behavior) {
  auto analyses = analyze_layers(behavior);
  const auto agreement = behavior.agreement();
  const auto& header = behavior.header();
  BehaviorReport report;
  report.name = header.behavior;
  report.noise = behavior.noise_floor();
  report.times = read_stage_times(behavior.folder());
  report.prompts = behavior.prompt_texts().value_or(std::vector<PromptText>());
  for (const auto& record : behavior.records(PromptVariant::base)) {
    report.ids.push_back(to_string(record.id));
    report.parts.push_back(record.part);
  }
  const auto shown = methods_to_show(header.methods);
  for (std::size_t i = 0; i < header.methods.size(); ++i)
    if (std::ranges::find(shown, header.methods[i]) != shown.end())
      report.methods.push_back(method_report(behavior, i, std::move(analyses[i]), agreement));
  return report;
}

// What a study's settings make sure of, unless folders were put together by hand.
void take_grid(ReportData& data, const BehaviorResults& behavior) {
  const auto& header = behavior.header();
  const auto methods = methods_to_show(header.methods);
  if (data.behaviors.empty()) {
    data.model_layers = header.model_layers;
    data.layers = header.grid.layers;
    data.multipliers = header.grid.multipliers;
    data.methods = methods;
  }
  if (data.layers == header.grid.layers && data.multipliers == header.grid.multipliers && data.methods == methods)
    return;
  throw Error(
      ErrorKind::results,
      fmt::format("{}: was swept at other layers or multipliers, or with other methods, than the other behaviors",
                  behavior.folder().sweep().string()));
}

bool is_row_of(const PolicyResult& row, const LayerAnalysis& analysis, std::string_view policy) {
  return row.behavior == analysis.behavior && row.method == analysis.method && row.policy == policy &&
         row.variant == to_string(PromptVariant::base);
}

// Predictors that were fitted again, and not evaluated since, are not those that results.json is about.
void check_results(const fs::path& folder, const MethodReport& method, std::span<const PolicyResult> results) {
  const auto row_of = [&](std::string_view policy) {
    return std::ranges::find_if(results, [&](const auto& row) { return is_row_of(row, method.analysis, policy); });
  };
  const auto fixed = row_of("fixed");
  const bool has_policies = std::ranges::all_of(
      method.predictors, [&](const auto& predictor) { return row_of(predictor.policy) != results.end(); });
  if (has_policies && fixed != results.end() && fixed->layer == method.analysis.fixed_layer) return;
  throw Error(ErrorKind::results, fmt::format("{}: is not of the predictors of {} ({}) that are there now; `w2s eval "
                                              "{}` writes it anew",
                                              (folder / "results.json").string(), method.analysis.behavior,
                                              method.analysis.method, folder.string()));
}

std::string name_of(const fs::path& folder) {
  const auto whole = fs::weakly_canonical(folder);
  return whole.has_filename() ? whole.filename().string() : whole.parent_path().filename().string();
}

}  // namespace

ReportData gather_report(const fs::path& folder, const Job& job) {
  const auto study = open_study(folder);
  ReportData data;
  data.title = name_of(folder);
  data.settings = study.settings();
  data.w2s_version = version();
  data.llama_version = llama_version();
  for (const auto& own : study.behaviors()) {
    job.check_stop();
    const BehaviorResults behavior(own);
    take_grid(data, behavior);
    data.behaviors.push_back(behavior_report(behavior));
    job.report(
        {.stage = "reading", .done = data.behaviors.size(), .total = study.behaviors().size(), .unit = "behaviors"});
  }
  warn_of_missing_prompts(data, job);
  data.results = study.results();
  for (const auto& behavior : data.behaviors)
    for (const auto& method : behavior.methods) check_results(folder, method, data.results);
  data.encoders = study.encoder_comparison();
  return data;
}

}  // namespace w2s::report
