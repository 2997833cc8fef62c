// A results folder: what a study leaves on disk, opened once, and the questions that are asked of it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/model.h"
#include "w2s/predictor.h"
#include "w2s/sweep.h"
#include "w2s/table.h"
#include "w2s/vectors.h"

namespace w2s {

// Prompt encoders by the names that users write: layers of the steered model, embedding models, or the best of them.

enum class EncoderKind {
  own_layer,  ///< a layer of the steered model, which the sweep records ("middle-last", "layer7-mean")
  gguf,       ///< an EmbeddingModel ("gguf:PATH.gguf", with ":mean", ":cls" or ":last")
  remote,     ///< RemoteEmbeddings ("remote:MODEL", with ":DIMENSIONS")
  best,       ///< the one that cross-validation likes best ("auto")
};

/// What a predictor is to see prompts through.
struct EncoderChoice {
  EncoderKind kind = EncoderKind::own_layer;
  std::string model;                             ///< the layer's name, the path of the file, or the server's model
  std::optional<EmbeddingPooling> pooling = {};  ///< instead of what the file says (gguf)
  std::size_t dimensions = 0;                    ///< 0: the model's own (remote)

  bool operator==(const EncoderChoice&) const = default;
};

/// Throws Error{usage} that says which names there are. Whether the model has a layer is not looked at.
[[nodiscard]] EncoderChoice parse_encoder_choice(std::string_view name);

/// Free of folders: "gguf:<file name without .gguf>", with the pooling where one was chosen; else as it is parsed.
[[nodiscard]] std::string to_string(const EncoderChoice& choice);

/// The inverse of parse_encoder_choice: with the path of a file.
[[nodiscard]] std::string with_path(const EncoderChoice& choice);

/// Whether it is an embedding model, which reads a prompt as text.
[[nodiscard]] bool embeds_text(const EncoderChoice& choice);

/// Whether an encoder of that name (TextEncoder::name, or a layer's) is what was asked for; of a file whose pooling was
/// not chosen, each pooling is.
[[nodiscard]] bool is_choice(const EncoderChoice& choice, std::string_view encoder);

struct TextEncoderOptions {
  int threads = 0;      ///< 0: one a core
  int gpu_layers = -1;  ///< as in ModelOptions
};

/// An EmbeddingModel, or RemoteEmbeddings with URL and key of the environment. Throws what they do, and Error{usage}
/// for a choice that does not embed text.
[[nodiscard]] std::unique_ptr<TextEncoder> open_text_encoder(const EncoderChoice& choice,
                                                             const TextEncoderOptions& options = {});

// Where a folder's files are.

/// Paths inside a results folder. Files of the study's main method have plain names, those of others carry the
/// method's: "vectors.gguf", "vectors.l2s.gguf".
struct BehaviorFolder {
  std::filesystem::path root;
  [[nodiscard]] std::filesystem::path vectors(std::string_view other_method = {}) const;
  [[nodiscard]] std::filesystem::path sweep() const { return root / "sweep.sqlite"; }
  /// What a rank has swept, until it is merged: "sweep.rank-3.sqlite".
  [[nodiscard]] std::filesystem::path sweep_of_rank(std::size_t rank) const;
  /// Those that are there, in the order of ranks' numbers.
  [[nodiscard]] std::vector<std::filesystem::path> sweeps_of_ranks() const;
  [[nodiscard]] std::filesystem::path predictor(std::string_view other_method = {}) const;
  /// What a text encoder made of the prompts: "embeddings.gguf_minilm_mean.gguf".
  [[nodiscard]] std::filesystem::path embeddings(std::string_view encoder) const;
  /// The prompts' texts, see PromptText.
  [[nodiscard]] std::filesystem::path prompts() const { return root / "prompts.jsonl"; }
  /// How long the stages took, see StageTime.
  [[nodiscard]] std::filesystem::path times() const { return root / "times.json"; }
};

/// What BehaviorFolder's paths take for method number `method` of a study.
[[nodiscard]] std::string_view name_in_files(std::span<const std::string> methods, std::size_t method);

/// The behaviours that a results folder holds, by name. Throws Error{results} if it is none.
[[nodiscard]] std::vector<BehaviorFolder> behavior_folders(const std::filesystem::path& folder);

// How long the stages of measuring a behaviour took: <behaviour>/times.json. It is a record for people and no part of
// the measurement: two runs that give the same results have different times.

/// Wall-clock time of all runs that worked on a behaviour together. A run that is stopped or fails counts up to then;
/// of a run that is killed the stage in flight is lost.
struct StageTime {
  std::string stage;  ///< "vectors", "sweep", "embeddings", "predictor" or "variants"
  double seconds = 0;

  bool operator==(const StageTime&) const = default;
};

/// The stages in the order of a run; those that had nothing to do are left out. Empty if the folder has no times.json.
/// Throws Error{results} that names the file if it is damaged, Error{io} if it cannot be read.
[[nodiscard]] std::vector<StageTime> read_stage_times(const BehaviorFolder& folder);

/// Adds to what the folder has recorded of a stage. A times.json that is damaged is begun anew: times are never worth
/// failing a run for. Throws Error{io} if it cannot be read or written.
void add_stage_time(const BehaviorFolder& folder, const StageTime& time);

// The prompts of a behaviour as its model saw them: texts for people, in <behaviour>/prompts.jsonl.

/// A prompt in BASE: `before + steered`. A token can be a part of a character, and its text then is not UTF-8; in the
/// file, such bytes are U+FFFD.
struct PromptText {
  SampleId id;
  std::string before;   ///< up to the steered token; chat template and control tokens included
  std::string steered;  ///< the prompt's last token
  std::string chosen;   ///< the two next tokens whose logits are compared
  std::string rejected;

  bool operator==(const PromptText&) const = default;
};

/// The texts of a tokenised sample.
[[nodiscard]] PromptText make_prompt_text(const Model& model, const SampleId& id, const TokenizedSample& sample);

/// Writes prompts.jsonl, in UTF-8, whole or not at all: a line {"sample", "id", "before", "steered", "chosen",
/// "rejected"} for each sample, in the sweep's order; "sample" counts from 0. Throws Error{io}.
void write_prompt_texts(const BehaviorFolder& folder, std::span<const PromptText> texts);

/// All samples' texts, in the sweep's order; nothing if the folder has no such file (an older version made it: `w2s
/// run` again writes it). Throws Error{results} that names file and line if it is damaged, Error{io} if it cannot be
/// read.
[[nodiscard]] std::optional<std::vector<PromptText>> read_prompt_texts(const BehaviorFolder& folder);

// Prompt encoders compared (section 6.2 and appendix C of the paper): how well they tell behaviours apart, and how well
// a layer predictor does that sees prompts through them.

/// How a predictor does on one behaviour with one encoder; Top-1 labels, trained by cross-entropy.
struct EncoderScore {
  std::string encoder;
  std::string behavior;
  std::string method;
  double cv_accuracy = 0;      ///< of held-out folds' samples, against their labels (Supp. Figures 10 and 11)
  double cv_steerability = 0;  ///< of held-out folds' samples, at the predicted layers
  double test_accuracy = 0;    ///< share of test samples steered at their best layer, mean over predictor seeds
  double test_steerability = 0;
};

/// Its columns, in every table and file that has them.
[[nodiscard]] Fields<EncoderScore> encoder_score_fields();

/// The shape of an encoder's embeddings over all behaviours of a folder (BASE).
struct EncoderSpace {
  std::string encoder;
  std::size_t width = 0;
  std::optional<double> silhouette;  ///< by behaviour, of unit-length embeddings; absent for fewer than two behaviours
  struct Point {
    std::string behavior;
    std::string sample;  ///< its id
    std::array<double, 2> umap;
  };
  std::vector<Point> points;  ///< Supp. Figure 9
};

struct EncoderComparison {
  std::vector<EncoderScore> scores;
  std::vector<EncoderSpace> spaces;
};

/// {"scores": [...], "spaces": [{"encoder", "width", "silhouette", "points": [...]}]}: the content of a results
/// folder's encoders.json.
[[nodiscard]] std::string encoder_comparison_to_json(const EncoderComparison& comparison);
/// The inverse. Throws Error{results} for anything else.
[[nodiscard]] EncoderComparison encoder_comparison_from_json(const std::string& text);

/// Where a results folder keeps the comparison of its encoders.
[[nodiscard]] std::filesystem::path encoder_comparison_path(const std::filesystem::path& folder);

// What a folder holds, as values.

class PromptEmbeddings;

inline constexpr std::array fitting_parts = {SplitPart::train, SplitPart::validation};
inline constexpr std::array test_part = {SplitPart::test};

/// Samples of one variant with what the predictor sees of them.
struct MeasuredSamples {
  SteerabilityMatrix steerability;
  std::vector<float> embeddings;  ///< [samples][width]
};

/// How near a method's vectors come to the oracle vectors of a behaviour's validation samples, mean over layers.
struct MethodAgreement {
  std::string behavior;
  std::string method;
  OracleAgreement mean;
};

/// The results of one behaviour. The sweep and the predictors are read when they are first asked for, and kept: what
/// changes on disk afterwards, a value opened anew sees. Every question throws Error{results} if the file that answers
/// it is missing, and what reading that file throws. `method` is a number of the header's. Not for two threads at once.
class BehaviorResults {
 public:
  explicit BehaviorResults(BehaviorFolder folder);

  [[nodiscard]] const BehaviorFolder& folder() const noexcept { return folder_; }

  [[nodiscard]] const SweepStoreHeader& header() const;
  /// One of the header's; empty if it was not recorded.
  [[nodiscard]] std::string setting(const std::string& name) const;
  /// By variant and sample.
  [[nodiscard]] std::span<const SweepRecord> records() const;
  [[nodiscard]] std::span<const SweepRecord> records(PromptVariant variant) const;
  [[nodiscard]] std::optional<NoiseFloor> noise_floor() const;
  /// Throws Error{results} if the sweep lacks samples, or layers of samples, in BASE.
  void check_is_complete() const;

  [[nodiscard]] std::unique_ptr<VectorSource> vectors(std::size_t method) const;
  [[nodiscard]] const PredictorFile& predictors(std::size_t method) const;
  /// What the study did with the vectors: recorded by the predictors and the sweep, either of which suffices; `add`
  /// where there is neither.
  [[nodiscard]] SteeringOperator operation() const;
  /// Of each method that learned from samples.
  [[nodiscard]] std::vector<MethodAgreement> agreement() const;

  /// The names of all encoders that prompts were seen through: those of the sweep, then the text encoders'.
  [[nodiscard]] std::vector<std::string> encoders() const;
  /// The one of them that was asked for. Throws Error{usage} that lists them if it is none.
  [[nodiscard]] std::string find_encoder(const EncoderChoice& choice) const;
  /// What an encoder saw: of the prompts that were swept, or, a text encoder, of all that were embedded. Throws
  /// Error{usage} as find_encoder does, Error{results} if the embeddings are of other data than the sweep.
  [[nodiscard]] PromptEmbeddings embeddings(const std::string& encoder) const;

  /// What a method did to the samples of a variant whose part is one of `parts`. NaN at the layers that a sample was
  /// not swept at.
  [[nodiscard]] SteerabilityMatrix steerability(PromptVariant variant, std::span<const SplitPart> parts,
                                                std::size_t method) const;
  /// The same samples with their embeddings. Throws Error{results} if one of them was not embedded.
  [[nodiscard]] MeasuredSamples samples(PromptVariant variant, std::span<const SplitPart> parts, std::size_t method,
                                        const PromptEmbeddings& embeddings) const;

  /// Of the samples in BASE; nothing where they were not kept. Throws Error{results} if they are of other samples.
  [[nodiscard]] std::optional<std::vector<PromptText>> prompt_texts() const;

 private:
  BehaviorFolder folder_;
  mutable std::optional<SweepStoreHeader> header_;
  mutable std::optional<std::vector<SweepRecord>> records_;
  mutable std::map<std::size_t, PredictorFile> predictors_;
};

/// What a study recorded of itself: the content of settings.json.
struct SettingsFile {
  std::map<std::string, std::string> measurement;   ///< what decides the measured numbers, the same for all behaviours
  std::map<std::string, std::string> data;          ///< content hash of each behaviour
  std::map<std::string, std::string> run;           ///< how and where the last run was made; decides nothing
  std::map<std::string, std::string> options = {};  ///< of the last run, by name; older folders have none
};

/// What a results folder holds beside its behaviours' own folders.
class ResultsFolder {
 public:
  /// Throws Error{results} if it holds no behaviour.
  explicit ResultsFolder(std::filesystem::path path);

  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  /// By name.
  [[nodiscard]] const std::vector<BehaviorFolder>& behaviors() const noexcept { return behaviors_; }

  /// Throws Error{results} if there are none.
  [[nodiscard]] SettingsFile settings() const;
  /// What fits and evaluations use where none is named. Throws Error{results} if it was not recorded.
  [[nodiscard]] std::uint64_t seed() const;
  /// Of each behaviour's samples; 0: all.
  [[nodiscard]] std::size_t limit() const;

  [[nodiscard]] std::filesystem::path results_path() const { return path_ / "results.json"; }
  /// The last evaluation on the test samples. Throws Error{results} if there is none (and says how to make it) or it is
  /// malformed.
  [[nodiscard]] std::vector<PolicyResult> results() const;
  /// Nothing where encoders were not compared. Throws Error{results} if encoders.json is malformed.
  [[nodiscard]] std::optional<EncoderComparison> encoder_comparison() const;

 private:
  std::filesystem::path path_;
  std::vector<BehaviorFolder> behaviors_;
};

// What a sweep tells about layers, before anything is predicted: how steerability depends on the layer, and how the
// inputs differ in it (section 4 and appendices D.2 and E of the paper).

/// Of one method on one behaviour, in BASE.
struct LayerAnalysis {
  std::string behavior;
  std::string method;
  std::vector<std::size_t> layers;   ///< swept, ascending
  std::vector<double> fitting_mean;  ///< [layers]: mean steerability of training and validation samples: what the
                                     ///< fixed layer is chosen by (Supp. Figures 14 and 15)
  std::size_t fixed_layer = 0;       ///< as the study's `fixed` policy has it
  std::size_t test_samples = 0;
  std::vector<std::size_t> best_count;            ///< [layers]: test samples whose best layer it is (Figure 1, bottom)
  double distance_from_fixed = 0;                 ///< mean over test samples of |best layer - fixed layer|
  double fixed = 0;                               ///< mean steerability of the test samples at the fixed layer
  std::array<std::optional<double>, 4> kth_best;  ///< at each sample's best, 2nd, 3rd, 4th best layer (Supp. 16, 17)
  std::vector<double> gain;  ///< [test samples]: steerability at the best layer less that at the fixed one (Figure 1,
                             ///< top)
  /// By k of the labels, from the predictors' file: layers that are some fitting sample's label (Supp. Table 4), and
  /// how often held-out folds' samples were predicted to have the label they have (Supp. Figure 18).
  struct Labels {
    std::size_t top_k = 1;
    std::size_t layers = 0;
    std::optional<double> accuracy;  ///< absent where the file does not tell
  };
  std::vector<Labels> labels;
};

/// One for each method that the behaviour was swept with, in the sweep's order. Throws Error{results} if sweep or
/// predictor are missing or incomplete.
[[nodiscard]] std::vector<LayerAnalysis> analyze_layers(const BehaviorResults& behavior);

}  // namespace w2s
