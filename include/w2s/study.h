// The whole job, from data to a table: run, costed beforehand, and gone on with afterwards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/decoding.h"
#include "w2s/model.h"
#include "w2s/option.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {

// The whole job in a results folder: vectors, sweep, predictor and evaluation of one or more behaviours, resumable.

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

// What a study can be told, as options bound to its settings: for `w2s run`, experiments' files, and the commands that
// do a part of a study.

/// All of them, in the order of --help. The settings must outlive the options, here and below.
[[nodiscard]] Options study_options(StudySettings& settings);

[[nodiscard]] Options model_options(std::filesystem::path& model, ModelOptions& options, DecoderOptions& decoder);
[[nodiscard]] Options data_options(std::vector<std::string>& sources, DataSelection& selection);
[[nodiscard]] Option variants_option(std::vector<PromptVariant>& variants);
/// How methods learn.
[[nodiscard]] Options fitting_options(MethodOptions& options, LayerList& context_layers);
[[nodiscard]] Options grid_options(LayerList& layers, std::vector<float>& multipliers, ExecutorChoice& executor);
[[nodiscard]] Option operator_option(SteeringOperator& operation);
[[nodiscard]] Options predictor_options(FitSettings& settings);
/// Only how networks are trained and chosen.
[[nodiscard]] Options training_options(PredictorOptions& options);
[[nodiscard]] Option seed_option(std::uint64_t& seed, const std::string& what_it_decides);
/// The same for a command on a results folder, whose own seed stands for none.
[[nodiscard]] Option seed_option(std::optional<std::uint64_t>& seed, const std::string& what_it_decides);
[[nodiscard]] Option threads_option(int& threads);
/// The same for a command whose file says how many.
[[nodiscard]] Option threads_option(std::optional<int>& threads);

/// A layer, an embedding model's file (relative to where the option is written) or a server's model.
[[nodiscard]] ValueType<EncoderChoice> encoder_type();
/// The name of a steering method.
[[nodiscard]] ValueType<std::string> method_type();
/// "caa (...), l2s (...)", for --help.
[[nodiscard]] std::string list_of_methods();

/// The same settings with their one seed and thread count in all parts.
[[nodiscard]] StudySettings handed_down(StudySettings settings);

// What a study costs, told from its plan before anything is decoded: rows, batches, floating-point operations, memory.

/// What the cost of a token depends on.
struct ModelShape {
  std::uint64_t parameters = 0;  ///< those a token is multiplied with: not a table that it is only looked up in
  std::size_t layers = 0;
  std::size_t width = 0;
  std::uint64_t bytes = 0;          ///< of all weights; 0: not known, then F16
  std::size_t key_value_width = 0;  ///< of a token's keys and values in a layer; 0: not known, then twice the width

  bool operator==(const ModelShape&) const = default;
};

[[nodiscard]] ModelShape shape_of(const ModelInfo& model);

/// At work with an executor: `minimal` computes two rows of the output matrix, which then is left out.
[[nodiscard]] ModelShape shape_of(const Model& model, ExecutorChoice executor);

/// What goes through the model.
struct DecodeCounts {
  std::size_t prompts = 0;        ///< samples in all their variants, each time they are decoded
  std::size_t prompt_tokens = 0;  ///< up to the steered one; what prompts have in common counts once
  std::size_t steered_rows = 0;   ///< a layer and a multiplier each
  std::size_t answer_tokens = 0;
  std::size_t decodes = 0;     ///< batches
  std::uint64_t attended = 0;  ///< positions that a token attends to, itself included; summed over tokens
  /// Layers that steered rows need not go through, because they join the batch behind the one they are steered at;
  /// summed over rows, and over rows with the positions that they would attend to there.
  std::uint64_t skipped_layers = 0;
  std::uint64_t skipped_attended = 0;

  [[nodiscard]] std::size_t tokens() const { return prompt_tokens + steered_rows + answer_tokens; }
  DecodeCounts& operator+=(const DecodeCounts& other);
  bool operator==(const DecodeCounts&) const = default;
};

/// 2 parameters a token for the products with weights, and 4 layers * width for each position attended to: the product
/// with its key, and with its value; less what rows skip. Everything else (norms, softmax, activations) is left out.
[[nodiscard]] double flops(const ModelShape& shape, const DecodeCounts& counts);

/// How the steered token of each sample is decoded in a sweep.
struct SweepRows {
  ExecutorChoice executor = ExecutorChoice::rows;
  std::size_t interventions = 0;      ///< steered rows a source
  std::size_t sources = 1;            ///< in all
  std::size_t dependent_sources = 0;  ///< of these, that must see the input first: their rows wait for a second batch
  bool reads_answers = false;         ///< decodes the two answers as well (oracle)
  bool chooses_layers = false;        ///< by what the prompt looks like: all rows wait for a second batch
  std::size_t sequences = 256;        ///< rows of a batch (rows)
  /// Layers that the rows of one source skip, all of a sample's together (minimal).
  std::uint64_t skipped_layers = 0;
};

/// Of sweeping the samples; prompts that begin alike share that beginning. The first `already_read` of them were kept
/// when they were read, and their sweep goes on from there.
[[nodiscard]] DecodeCounts count_sweep(std::span<const TokenizedSample> samples, const SweepRows& rows,
                                       std::size_t already_read = 0);

/// Of reading what steering methods learn from: each prompt and both its answers.
[[nodiscard]] DecodeCounts count_representations(std::span<const TokenizedSample> samples,
                                                 ExecutorChoice executor = ExecutorChoice::rows);

/// Bytes that are needed at once; estimates.
struct MemoryNeeds {
  std::uint64_t model = 0;
  std::uint64_t key_value_caches = 0;  ///< of all decoders
  std::uint64_t kept_prompts = 0;      ///< between the pass that makes vectors and the sweep (minimal)

  [[nodiscard]] std::uint64_t total() const { return model + key_value_caches + kept_prompts; }
};

struct BehaviorCost {
  std::string behavior;
  std::size_t samples = 0;
  DecodeCounts counts;
  std::uint64_t store_bytes = 0;  ///< of sweep.sqlite; an estimate
};

struct StudyCost {
  ExecutorChoice executor = ExecutorChoice::rows;  ///< what would run
  std::vector<BehaviorCost> behaviors;
  MemoryNeeds memory;
};

struct StudyPlan;

/// Of what the plan says, with a model of this shape. Left out: the few tokens of the noise floor's second measurement
/// beyond the first, of the steered example, and embedding models. How many layers the predictors choose for variants
/// beside BASE is not known before: `planned_variant_layers`.
[[nodiscard]] StudyCost cost_of(const StudyPlan& plan, const ModelShape& shape);

/// Layers at which a prompt of a variant beside BASE is expected to be swept, with so many methods on so many layers:
/// the methods' fixed layers and what their predictors choose, which often is the same.
[[nodiscard]] std::size_t planned_variant_layers(std::size_t methods, std::size_t layers);

/// How fast this machine sweeps with a model.
struct Calibration {
  std::size_t samples = 0;  ///< swept
  double seconds = 0;
  double flops_per_second = 0;  ///< of those that count_sweep counts
};

/// Sweeps a few samples of the plan's first behaviour and forgets the results. Takes some seconds, but never less than
/// a sample takes.
[[nodiscard]] Calibration calibrate(const StudyPlan& plan, const Model& model, const Job& job = {});

/// A GPU that the paper's experiments would run on.
struct Gpu {
  std::string_view name;
  double peak_flops = 0;  ///< a second: dense F16 on tensor cores, by NVIDIA's data sheet
};
inline constexpr Gpu planned_gpus[] = {{"A40", 149.7e12}, {"A100", 312e12}};
/// The share of the peak that is assumed to be reached.
inline constexpr double planned_utilization = 0.3;

// What text encoders make of a study's prompts, kept in its results folder.

/// Embeds the prompts of a behaviour, as plain_text of their conversations, into folder.embeddings(encoder.name()): all
/// samples in BASE, those of the test part in the other variants. What is there is not embedded again. The file is
/// written whole; until then chunks of it are kept in a folder beside it, so that an interrupted call goes on where it
/// was. Throws Error{results} if the file there is of other data or another encoder, Error{io}, Error{engine} for
/// embeddings that are not of one width or not finite, what the encoder throws, and Error{interrupted} when the job is
/// stopped.
void embed_prompts(const BehaviorFolder& folder, const Behavior& behavior, const Split& split,
                   std::span<const PromptVariant> variants, TextEncoder& encoder, const Job& job = {});

/// The same for all behaviours of a results folder and the variants they were swept in. `data` are the sources the
/// study was made with, as for read_behaviors; they are read with the study's limit and seed, and only if something is
/// missing. Throws Error{usage} if it is and there are none, Error{results} if they are not the study's.
void embed_study(const std::filesystem::path& folder, std::span<const std::string> data,
                 std::span<const std::unique_ptr<TextEncoder>> encoders, const Job& job = {});

// Whether steering at several layers at once beats steering at one: `auto:K` against `auto`, on a study's samples.

struct MultiLayerSettings {
  std::filesystem::path model;                 ///< that of the study
  std::vector<std::string> data;               ///< as for read_behaviors: that of the study
  std::vector<std::size_t> layer_counts = {};  ///< K of `auto:K`; 1 is always measured
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0};                 ///< a context of 0: as much as the samples need
  ExecutorChoice executor = ExecutorChoice::automatic;  ///< automatic: what the study was swept by, if it can
  EvaluationOptions evaluation;
};

/// A policy that steers at one or several layers, measured in one go with those it is compared with.
struct MultiLayerResult {
  /// As in results.json, without regret and accuracy: which single layer is best says nothing about several. Policies
  /// are "fixed" and "auto", both at one layer; "fixed-best<K>": the K layers that steer the fitting samples best on
  /// average share the multiplier equally; and "auto:<K>": the predictor's K most likely layers share it in proportion
  /// to their probabilities.
  PolicyResult result;
  std::string predictor = {};                ///< that of auto: the default policy, "w2s-top1" or another
  std::size_t layers = 1;                    ///< K
  double largest_share = 1;                  ///< of the multiplier, at one layer: mean over samples and seeds
  std::optional<Interval> gain_over_single;  ///< over the same policy at one layer, per sample; absent for that one
};

struct MultiLayerOutcome {
  std::vector<MultiLayerResult> results;  ///< of all behaviours, with their mean where there are several
  /// By behaviour: the largest difference between a steerability at one layer here and in the study's own sweep.
  std::vector<std::pair<std::string, double>> difference_from_sweep;
};

/// Measures, at the sweep's multipliers, the steerability (slope of propensity over multiplier) of a study's samples
/// in BASE, of the part that `settings.evaluation` names: with the vectors and the default policy's predictors, all
/// seeds, of each method but those whose vectors need an input's own answers. Each layer has its share of the
/// multiplier, so that a multiplier means the same for one layer and for many. Throws Error{usage} for a count of
/// layers of 0, Error{results} for another model, chat template or data than the study's, or a study that is not
/// finished, Error{interrupted} when the job is stopped; what the engine throws.
[[nodiscard]] MultiLayerOutcome evaluate_multi_layer(const std::filesystem::path& folder,
                                                     const MultiLayerSettings& settings, const Job& job = {});

}  // namespace w2s
