#include "w2s/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/machine.h"
#include "experiment/experiment_record.h"
#include "experiment/kept_encoder_comparison.h"
#include "study/staged_job.h"
#include "study/study_encoders.h"
#include "study/study_plan.h"
#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/results.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

StudySettings study_of(const ExperimentSettings& settings, const ExperimentModel& model, std::uint64_t seed) {
  auto study = settings.study;
  study.model = model.path;
  study.model_options = model.options;
  study.seed = seed;
  return study;
}

// A server that cannot be reached would else be found after the first behaviour's sweep.
void check_encoders(const StudySettings& study, std::size_t layers, const Job& job) {
  const std::vector<std::string> text = {std::string(default_system_message)};
  const auto encoders = open_text_encoders(study);
  for (const auto& encoder : encoders) static_cast<void>(encoder->encode(text, job));
  static_cast<void>(encoder_by_name(study, layers, encoders));
}

// Whether it can be steered at all is what a decoder finds out.
void check_steerable(const Model& model) {
  constexpr std::size_t few = 64;
  static_cast<void>(Decoder(model, {.context = few, .sequences = 2, .rows_per_batch = few, .threads = 1}));
}

// By what the studies themselves would find. With a limit each seed draws samples of its own; without one all seeds
// have the same.
void check_data(const ExperimentSettings& settings, const ExperimentModel& asked, const Model& model, const Job& job) {
  const auto stage = "checking " + asked.name;
  const std::size_t seeds = settings.study.selection.limit > 0 ? settings.seeds.size() : 1;
  for (std::size_t i = 0; i < seeds; ++i) {
    job.check_stop();
    const auto study = study_of(settings, asked, settings.seeds[i]);
    static_cast<void>(plan_study(study, model.info().layers, resolve_executor(study.executor, model), model));
    job.report({.stage = stage, .done = i + 1, .total = seeds, .unit = "seeds"});
  }
}

// Hours may lie between the beginning of the first study and that of the last.
void check_experiment(const ExperimentSettings& settings, const Job& job) {
  for (const auto& experiment_model : settings.models) {
    if (experiment_model.path.empty()) {
      throw Error(ErrorKind::usage, fmt::format("the model {} has no path: it can only be planned with (--dry-run)",
                                                experiment_model.name));
    }
    const auto model = Model::load(experiment_model.path, experiment_model.options);
    check_steerable(model);
    check_encoders(study_of(settings, experiment_model, settings.seeds.front()), model.info().layers, job);
    check_data(settings, experiment_model, model, job);
  }
}

Job job_that_records(const Job& job, ExperimentRecord& record) {
  Job recording = job;
  recording.on_progress = [&job, &record](const Progress& progress) {
    record.keep_current();
    job.report(progress);
  };
  return recording;
}

StudyFindings findings_of(const ExperimentSettings& settings, const StudySettings& study, const ExperimentStudy& done,
                          const Job& job) {
  StudyFindings findings{.model = done.model, .seed = done.seed, .results = done.outcome.results};
  for (const auto& behavior : behavior_folders(done.folder))
    std::ranges::move(analyze_layers(BehaviorResults(behavior)), std::back_inserter(findings.analyses));
  if (!settings.compares_encoders) return findings;
  auto comparison = kept_encoder_comparison(done.folder, study, job);
  findings.encoders = std::move(comparison.scores);
  findings.spaces = std::move(comparison.spaces);
  return findings;
}

void run_studies(const ExperimentSettings& settings, const fs::path& folder, ExperimentRecord& record,
                 ExperimentOutcome& outcome, const Job& job) {
  const auto recording = job_that_records(job, record);
  for (const auto& model : settings.models) {
    for (const auto seed : settings.seeds) {
      job.check_stop();
      const auto study = study_of(settings, model, seed);
      const auto own_job = prefixed(recording, fmt::format("{}, seed {}", model.name, seed));
      auto& done = outcome.studies.emplace_back();
      done = {.model = model.name, .seed = seed, .folder = study_folder(folder, model.name, seed), .outcome = {}};
      done.outcome = run_study(study, done.folder, own_job);
      outcome.findings.push_back(findings_of(settings, study, done, own_job));
      record.write();
    }
  }
}

// On the way out with an error, which is the one to tell of.
void keep_run_time(ExperimentRecord& record) try { record.write(); } catch (const Error&) {
  return;
}

bool is_there(const ExperimentModel& model) { return !model.path.empty() && fs::exists(model.path); }

// Large ones, which are planned with elsewhere, run on a GPU.
ExecutorChoice executor_of_stand_in(const StudySettings& study) {
  return study.executor == ExecutorChoice::automatic ? ExecutorChoice::rows : study.executor;
}

ModelPlan plan_model(const ExperimentSettings& settings, const ExperimentModel& asked, bool calibrates,
                     const Job& job) {
  const bool has_stand_in = asked.shape.layers > 0;
  ModelPlan plan;
  plan.model = asked.name;
  plan.is_stand_in = !is_there(asked) && has_stand_in;
  plan.seeds = settings.seeds.size();
  auto options = asked.options;
  if (plan.is_stand_in) options.gpu_layers = 0;  // it only tokenises
  const auto model = Model::load(plan.is_stand_in ? asked.tokenizer : asked.path, options);
  const auto seed = settings.seeds.front();
  const auto study = study_of(settings, asked, seed);
  const auto executor = plan.is_stand_in ? executor_of_stand_in(study)
                                         : executor_for(study, study_folder(settings.output, asked.name, seed), model);
  plan.shape = plan.is_stand_in ? asked.shape : shape_of(model, executor);
  plan.on_gpu = model.info().on_gpu;
  auto planned = plan_study(study, plan.shape.layers, executor, model);
  plan.cost = cost_of(planned, plan.shape);
  if (calibrates && !plan.is_stand_in) plan.calibration = calibrate(planned, model, job);
  planned.executor = ExecutorChoice::rows;
  const auto gpu_shape = plan.is_stand_in ? asked.shape : shape_of(model.info());
  for (const auto& behavior : cost_of(planned, gpu_shape).behaviors)
    plan.flops_on_a_gpu.push_back(w2s::flops(gpu_shape, behavior.counts));
  plan.available_memory = available_memory();
  plan.free_disk = free_disk(settings.output.empty() ? fs::path(".") : settings.output);
  return plan;
}

}  // namespace

fs::path study_folder(const fs::path& experiment, const std::string& model, std::uint64_t seed) {
  return experiment / model / fmt::format("seed-{}", seed);
}

DecodeCounts ModelPlan::counts() const {
  DecodeCounts all;
  for (std::size_t seed = 0; seed < seeds; ++seed)
    for (const auto& behavior : cost.behaviors) all += behavior.counts;
  return all;
}

double ModelPlan::flops() const { return w2s::flops(shape, counts()); }

std::uint64_t ModelPlan::store_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& behavior : cost.behaviors) bytes += behavior.store_bytes * seeds;
  return bytes;
}

std::vector<ModelPlan> plan_experiment(const ExperimentSettings& settings, bool calibrates, const Job& job) {
  std::vector<ModelPlan> plans;
  for (const auto& model : settings.models) {
    job.check_stop();
    job.report({.stage = "planning", .done = plans.size(), .total = settings.models.size(), .unit = "models"});
    plans.push_back(plan_model(settings, model, calibrates, job));
  }
  return plans;
}

ExperimentOutcome run_experiment(const ExperimentSettings& settings, const fs::path& folder, const Job& job) {
  check_experiment(settings, job);
  fs::create_directories(folder);
  ExperimentRecord record(settings, folder);
  ExperimentOutcome outcome;
  try {
    run_studies(settings, folder, record, outcome, job);
  } catch (const Error&) {
    keep_run_time(record);
    throw;
  }
  outcome.tables = paper_tables(outcome.findings);
  return outcome;
}

}  // namespace w2s
