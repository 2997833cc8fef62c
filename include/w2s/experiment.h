// The paper's experiments: one study for each model and seed, the tables and figures from all of them, and its example.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/study.h"
#include "w2s/table.h"

namespace w2s {

// The paper's tables and the numbers behind its figures, from one or several studies, with the paper's own numbers
// beside them where the model is one of the paper's.

/// What one study of an experiment found: a model, with one seed.
struct StudyFindings {
  std::string model;  ///< name in tables; "Llama-2-7B-Chat" and "Qwen1.5-14B-Chat" are the paper's
  std::uint64_t seed = 0;
  std::vector<PolicyResult> results;  ///< on the test samples
  std::vector<LayerAnalysis> analyses = {};
  std::vector<EncoderScore> encoders = {};
  std::vector<EncoderSpace> spaces = {};
};

/// A table, or a figure's numbers.
struct PaperTable {
  std::string id;     ///< also a file's stem: "table1", "supp-figure14"
  std::string title;  ///< one line that says what it shows, and of which table or figure of the paper
  std::string notes = {};
  Table table;
};

/// Those for which there are findings, in the paper's order: figure1 (the optimum against the fixed layer),
/// figure1-layers (best layers), table1, figure3, figure4, table2, supp-figures1-2 to supp-figures7-8 (prompt variants
/// by behaviour), supp-figure9 (silhouettes), supp-figure9-points (UMAP), supp-figures10-11 (encoders),
/// supp-figures14-15 (steerability by layer), supp-figures16-17 (k-th best layer), supp-table4 (label layers),
/// supp-figure18 (accuracy by k), supp-table3 (all policies), supp-figures19-22 (label smoothing by behaviour). Tables
/// 1, 2 and Supp. Table 3 have the paper's shape, "1.259 (0.014)" for people; the others a row an observation. Several
/// models are in one table.
///
/// Numbers of several seeds are their mean, with the standard deviation over seeds; of one seed, with that over
/// predictor seeds where there is one. A mean over behaviours is taken within each seed first, of all the model's
/// behaviours: a seed that lacks one of them does not count. Columns with nothing in them are left out, and so are
/// methods that were swept only to choose another one's fixed layer (but for supp-figures14-15).
[[nodiscard]] std::vector<PaperTable> paper_tables(std::span<const StudyFindings> findings);

// One study for each model and seed.

struct ExperimentModel {
  std::string name;            ///< in tables and of its folder
  std::filesystem::path path;  ///< GGUF; empty for a model that is only planned with
  ModelOptions options = {};
  /// To plan with where the file is not there: the model's shape, and another model whose tokenizer counts its tokens.
  ModelShape shape = {};
  std::filesystem::path tokenizer = {};
};

struct ExperimentSettings {
  std::vector<ExperimentModel> models;
  std::vector<std::uint64_t> seeds = {0};
  StudySettings study;             ///< of every model and seed, but for these two
  bool compares_encoders = false;  ///< with all encoders that the studies have embeddings of
  std::filesystem::path output;    ///< the experiment's folder; empty: not said
};

/// Reads an experiment's TOML file. Relative paths in it are relative to its folder. Throws Error{usage} with file and
/// line for a syntax error, an unknown key (and lists those there are), a value of another type or out of range, an
/// empty list, a value that a list has twice, two models of one name, and without a line for a key that is missing;
/// Error{io} if the file cannot be read.
[[nodiscard]] ExperimentSettings read_experiment(const std::filesystem::path& path);

/// Only the model of that name, or the seed. Throws Error{usage} that lists what there is.
void keep_model(ExperimentSettings& settings, const std::string& name);
void keep_seed(ExperimentSettings& settings, std::uint64_t seed);

/// What a model's studies would decode, all alike but for how their samples are split.
struct ModelPlan {
  std::string model;
  ModelShape shape;
  bool is_stand_in = false;  ///< planned with a shape and another model's tokenizer
  bool on_gpu = false;
  StudyCost cost;                      ///< of one seed
  std::vector<double> flops_on_a_gpu;  ///< [behaviours], of one seed: with rows, which is what runs there
  std::size_t seeds = 1;
  std::optional<Calibration> calibration = {};
  std::optional<std::uint64_t> available_memory = {};  ///< bytes of this machine's
  std::optional<std::uint64_t> free_disk = {};         ///< bytes where the experiment's folder is

  [[nodiscard]] DecodeCounts counts() const;  ///< of all behaviours and seeds
  [[nodiscard]] double flops() const;
  [[nodiscard]] std::uint64_t store_bytes() const;  ///< of all behaviours and seeds
};

/// Plans every model, and writes nothing. Models whose file is there are measured with on this machine if `calibrates`.
/// Throws for everything that run_experiment refuses before it begins, but for a model that cannot be steered.
[[nodiscard]] std::vector<ModelPlan> plan_experiment(const ExperimentSettings& settings, bool calibrates,
                                                     const Job& job = {});

/// One study of an experiment, done.
struct ExperimentStudy {
  std::string model;
  std::uint64_t seed = 0;
  std::filesystem::path folder;
  StudyOutcome outcome;
};

struct ExperimentOutcome {
  std::vector<ExperimentStudy> studies;  ///< by model, then seed
  std::vector<StudyFindings> findings;   ///< [studies]
  std::vector<PaperTable> tables;
};

/// The results folder of a study in an experiment's folder: <model>/seed-<n>.
[[nodiscard]] std::filesystem::path study_folder(const std::filesystem::path& experiment, const std::string& model,
                                                 std::uint64_t seed);

/// Runs every study into `folder`, or what of it is missing there: interrupted at any moment, the next call goes on,
/// with the numbers of an uninterrupted run. All models, data and settings are checked before the first study begins.
/// Beside the studies it writes experiment.json: what was asked for, versions, machine and the run time so far, which
/// decides nothing. Throws what run_study throws.
[[nodiscard]] ExperimentOutcome run_experiment(const ExperimentSettings& settings, const std::filesystem::path& folder,
                                               const Job& job = {});

// Example 1 of the paper, with its proof (appendix A): in a token-to-token model of three layers, steered with CAA, the
// best layer differs between inputs. Our copy of the paper lost the numbers; these are constructed anew, so that all
// that the text says holds. Every number is an integer and every step exact.
//
// Where the text admits several readings, the simplest:
// - "transforms token embeddings" is a ReLU layer, whose weights and bias are the identity and the zero the text names;
// - responses are uniform: each positive and each negative one has probability 1/2;
// - steering adds the vector once (multiplier 1). Steerability over the multipliers -1, 0, 1 has the same best layers;
// - the linear targets of remark 1 are those that agree with the construction, as b does: above 0 at the unsteered
//   positive responses, below 0 at the negative ones. For all of these layer 2 is best at every input (see
//   layer2_advantage). It cannot hold for literally all: a target's negative prefers the other layer.

namespace example1 {

inline constexpr std::size_t token_count = 4;
inline constexpr std::size_t steerable_layers = 2;

using Hidden = std::array<int, 2>;            ///< a hidden state; its coordinates are two concepts
using Logits = std::array<int, token_count>;  ///< [token - 1]: tokens are numbered from 1, as in the paper

/// h1 = embedding of x, h2 = ReLU(w1 h1 + b1), z = w2 h2 + b2; the next token is that of the largest logit.
struct Model {
  std::array<Hidden, token_count> embeddings;  ///< [token - 1]
  std::array<Hidden, 2> w1;                    ///< rows
  Hidden b1;
  std::array<Hidden, token_count> w2;  ///< rows
  Logits b2;
};

inline constexpr Model model = {
    .embeddings = {{{2, -4}, {0, 4}, {0, 0}, {0, 2}}},
    .w1 = {{{1, 0}, {0, 1}}},
    .b1 = {0, 0},
    .w2 = {{{1, 0}, {0, 2}, {-2, 0}, {-2, 1}}},
    .b2 = {0, -2, 2, 1},
};

/// The responses from which CAA makes its vectors, each with probability 1/2.
inline constexpr std::array<int, 2> positive_responses = {1, 2};
inline constexpr std::array<int, 2> negative_responses = {3, 4};

/// The target behaviour b(z) = z_1 + |z_2| - 3; the more positive, the more desirable.
[[nodiscard]] int target_behavior(const Logits& logits);

/// A target linear in the logits, up to a constant.
struct LinearTarget {
  Logits weights;
  int constant;

  [[nodiscard]] int operator()(const Logits& logits) const;
};

/// One that agrees with the responses, to compare with b.
inline constexpr LinearTarget linear_target = {.weights = {4, 1, 0, 0}, .constant = -4};

/// A vector added to the hidden state after layer 1 or 2.
struct Steering {
  int layer;
  Hidden vector;
};

/// Every intermediate result on the way from a token to the next one, hidden states with the steering vector in them.
struct Pass {
  Hidden h1;
  Hidden h2;
  Logits logits;
  int next_token;
  int behavior;  ///< target_behavior of the logits
  int linear;    ///< linear_target of the logits
};

/// Throws Error{usage} for a token or layer that the model does not have.
[[nodiscard]] Pass pass(int token, const std::optional<Steering>& steering = std::nullopt);

/// CAA: mean of the layer's states at the positive responses minus that at the negative ones. Throws Error{usage} for a
/// layer that cannot be steered.
[[nodiscard]] Hidden steering_vector(int layer);

/// What happens to one input.
struct InputCase {
  int token;
  bool is_positive;  ///< a positive response, else a negative one
  Pass unsteered;
  std::array<Pass, steerable_layers> steered;  ///< [layer - 1]
  int optimal_layer;                           ///< of b
  int linear_optimal_layer;                    ///< of linear_target

  /// `layer2_advantage` a: z(steered at 2) - z(steered at 1) = a/2 (z(2) - z(4)), with z(2) and z(4) the unsteered
  /// logits of inputs 2 and 4. So any linear target gains a/2 (its value at 2 minus that at 4) more from layer 2 than
  /// from layer
  /// 1. This is above 0 if it agrees with the construction, in which 2 is positive and 4 negative, because a > 0.
  int layer2_advantage;
};

struct Derivation {
  std::array<Hidden, steerable_layers> vectors;  ///< [layer - 1]
  std::array<InputCase, token_count> inputs;     ///< [token - 1]
};

/// The whole of appendix A, computed.
[[nodiscard]] Derivation derive();

}  // namespace example1

}  // namespace w2s
