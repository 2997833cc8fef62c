// The whole job in a results folder: vectors, sweep, predictor and evaluation of one or more behaviours, resumable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/decoder.h"
#include "w2s/evaluation.h"
#include "w2s/job.h"
#include "w2s/layer_predictor.h"
#include "w2s/sweep_store.h"

namespace w2s {

struct StudySettings {
  std::filesystem::path model;
  std::vector<std::string> data;
  DataSelection selection;
  std::string method = "caa";
  std::vector<PromptVariant> variants = {PromptVariant::base};  ///< BASE is always swept; others on the test part alone
  std::string layers;                                           ///< as for parse_layers; empty: all
  std::vector<float> multipliers;                               ///< empty: steering-bench's
  std::string encoder = "middle-last";
  std::vector<std::size_t> top_k = {1, 2, 3};
  PredictorOptions predictor;
  EvaluationOptions evaluation;
  ModelOptions model_options;
  DecoderOptions decoder;
  std::uint64_t seed = 0;  ///< decides the split, the predictors and the bootstrap
};

/// A prompt that was not fitted on and the model's greedy answers to it, steered at the predicted layer.
struct SteeredExample {
  std::string behavior;
  std::string prompt;                                       ///< the conversation's turns, without the system message
  std::size_t layer = 0;                                    ///< the predictor's choice
  std::vector<std::pair<float, std::string>> answers = {};  ///< by scale, 0 (unsteered) among them
};

/// What a study found, beside what it wrote.
struct StudyOutcome {
  std::vector<PolicyResult> results;  ///< of all behaviours, with their mean where there are several
  std::vector<std::pair<std::string, NoiseFloor>> noise;  ///< by behaviour
  std::optional<SteeredExample> example = {};             ///< of the first behaviour; only of a run
};

/// Paths inside a results folder.
struct BehaviorFolder {
  std::filesystem::path root;
  [[nodiscard]] std::filesystem::path vectors() const { return root / "vectors.gguf"; }
  [[nodiscard]] std::filesystem::path sweep() const { return root / "sweep.sqlite"; }
  [[nodiscard]] std::filesystem::path predictor() const { return root / "predictor.gguf"; }
};

/// The behaviours that a results folder holds, by name. Throws Error{results} if it is none.
[[nodiscard]] std::vector<BehaviorFolder> behavior_folders(const std::filesystem::path& folder);

/// The seed a results folder was made with: what its fits and evaluations use where none is named. Throws
/// Error{results} if the folder has no settings.
[[nodiscard]] std::uint64_t study_seed(const std::filesystem::path& folder);

/// Runs the whole job into `folder`, or what of it is missing there: interrupted at any moment, the next call goes on
/// and gives the numbers of an uninterrupted run. Writes settings.json first and results.json last. Throws
/// Error{results} that names the difference if the folder was made with settings that give other measurements.
[[nodiscard]] StudyOutcome run_study(const StudySettings& settings, const std::filesystem::path& folder,
                                     const Job& job = {});

/// Options of fitting from a sweep that is there.
struct FitSettings {
  std::string encoder = "middle-last";
  std::vector<std::size_t> top_k = {1, 2, 3};
  PredictorOptions predictor;
};

/// One line that differs for settings that can give another predictor.
[[nodiscard]] std::string to_string(const FitSettings& settings);

/// Fits predictor.gguf of a behaviour from its sweep. Throws Error{results} if the sweep is missing or incomplete,
/// Error{usage} for an encoder it did not record (and lists those it did).
PredictorFile fit_behavior(const BehaviorFolder& folder, const FitSettings& settings, const Job& job = {});

/// Evaluates a behaviour on every variant its sweep has. Throws Error{results} if sweep or predictor are missing.
[[nodiscard]] std::vector<PolicyResult> evaluate_behavior(const BehaviorFolder& folder,
                                                          const EvaluationOptions& options);

/// Evaluates all behaviours of a folder and rewrites results.json.
[[nodiscard]] StudyOutcome evaluate_study(const std::filesystem::path& folder, const EvaluationOptions& options,
                                          const Job& job = {});

}  // namespace w2s
