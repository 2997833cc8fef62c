// The whole job in a results folder: vectors, sweep, predictor and evaluation of one or more behaviours, resumable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/decoder.h"
#include "w2s/encoder_choice.h"
#include "w2s/encoder_comparison.h"
#include "w2s/evaluation.h"
#include "w2s/job.h"
#include "w2s/layer_predictor.h"
#include "w2s/ranks.h"
#include "w2s/results_folder.h"
#include "w2s/steering_methods.h"
#include "w2s/steering_operator.h"
#include "w2s/sweep_executor.h"
#include "w2s/sweep_plan.h"
#include "w2s/sweep_store.h"

namespace w2s {

/// What predictors are fitted from a sweep that is there.
struct FitSettings {
  EncoderChoice encoder{.model = "middle-last"};
  std::vector<Objective> objectives = {Objective::cross_entropy};
  std::vector<std::size_t> top_k = {1, 2, 3};  ///< of the labels for cross entropy: a predictor for each
  PredictorOptions predictor;
};

/// One seed and one thread count are for all parts: those of `selection`, `method_options`, `fit.predictor`,
/// `evaluation` and `decoder` count for nothing here.
struct StudySettings {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0};  ///< a context of 0: as much as the samples need
  std::vector<std::string> data;
  DataSelection selection;
  std::vector<PromptVariant> variants = {PromptVariant::base};  ///< BASE is always swept; others on the test part alone
  bool variants_at_all_layers = false;  ///< false: variants beside BASE at the layers alone that some policy needs
  std::vector<std::string> methods = {"caa"};  ///< the first is the main one; l2s brings oracle along
  LayerList context_layers;                    ///< candidates for what l2s and cast look at; empty: a spread
  MethodOptions method_options = {};           ///< but for context layers and work folder
  LayerList layers;                            ///< empty: all
  std::vector<float> multipliers;              ///< empty: steering-bench's
  SteeringOperator operation = SteeringOperator::add;
  ExecutorChoice executor = ExecutorChoice::automatic;  ///< automatic: what a folder was begun with, if it was
  /// Memory for prompts between the pass that makes vectors and the sweep that goes on from them; what does not fit is
  /// computed again, to the same numbers. Of use to the minimal executor alone.
  std::size_t prompt_cache_bytes = std::size_t{2} << 30U;
  FitSettings fit;
  std::vector<EncoderChoice> text_encoders = {};  ///< embedding models beside `fit.encoder`, to choose from and compare
  EvaluationOptions evaluation;
  std::uint64_t seed = 0;  ///< decides the split, the samples of a limit, the predictors and the bootstrap
  int threads = 0;         ///< 0: all cores
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
  std::vector<MethodAgreement> agreement = {};            ///< of every method that learned from samples
  std::optional<SteeredExample> example = {};             ///< of the first behaviour; only of a run
};

/// Runs the whole job into `folder`, or what of it is missing there: interrupted at any moment, the next call goes on
/// and gives the numbers of an uninterrupted run. Writes settings.json first and results.json last. Throws
/// Error{results} that names the difference if the folder was made with settings that give other measurements.
[[nodiscard]] StudyOutcome run_study(const StudySettings& settings, const std::filesystem::path& folder,
                                     const Job& job = {});

/// The same, shared by several ranks, which all call this with the same settings and a folder that all of them see:
/// each reads representations and sweeps for a share of the samples, the first one does the rest. The results are those
/// of one process on a machine like theirs. What ranks had swept when one of them failed is found again, by any number
/// of them. The outcome is complete on the first rank and empty on others. Throws Error{results} also where a rank does
/// not see what the first one wrote.
[[nodiscard]] StudyOutcome run_study(const StudySettings& settings, const std::filesystem::path& folder, Ranks& ranks,
                                     const Job& job = {});

/// What these settings fit, each once, in the order of tables. Throws Error{usage} if that is nothing.
[[nodiscard]] std::vector<PredictorPolicy> policies_of(const FitSettings& settings);

/// One line that differs for settings that can give another predictor.
[[nodiscard]] std::string to_string(const FitSettings& settings);

/// Fits the predictors of a behaviour from its sweep, a file for each method, and returns what they hold. With "auto"
/// each method gets the encoder whose Top-1 predictor has the highest steerability in cross-validation on the training
/// and validation samples, the first of equal ones, of all that the sweep recorded and then those with embeddings in
/// the folder; the note "encoder choice" has the figures. Throws Error{results} if the sweep is missing or incomplete,
/// Error{usage} for an encoder that the folder does not have (and lists those it has).
std::vector<PredictorFile> fit_behavior(const BehaviorResults& behavior, const FitSettings& settings,
                                        const Job& job = {});

/// Whether the folder's predictors are those these settings give: they need not be fitted again.
[[nodiscard]] bool is_fitted(const BehaviorResults& behavior, const FitSettings& settings);

/// Evaluates a behaviour on every variant its sweep has. Throws Error{results} if sweep or predictor are missing.
[[nodiscard]] std::vector<PolicyResult> evaluate_behavior(const BehaviorResults& behavior,
                                                          const EvaluationOptions& options);

/// Evaluates all behaviours of a folder; on the test part it rewrites results.json.
[[nodiscard]] StudyOutcome evaluate_study(const std::filesystem::path& folder, const EvaluationOptions& options,
                                          const Job& job = {});

/// Compares all encoders whose embeddings a results folder has: those that its sweeps recorded, and the embedding
/// models' (`embed_prompts`), in this order. The seed of `options` also draws the pictures (umap).
/// Throws Error{results} for a folder without a finished sweep, Error{interrupted} when the job is stopped.
[[nodiscard]] EncoderComparison compare_encoders(const std::filesystem::path& folder, const PredictorOptions& options,
                                                 const Job& job = {});

}  // namespace w2s
