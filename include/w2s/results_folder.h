// A results folder: where its files are, and what they hold, opened once as a value.
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

#include "w2s/encoder_choice.h"
#include "w2s/encoder_comparison.h"
#include "w2s/evaluation.h"
#include "w2s/layer_labels.h"
#include "w2s/layer_predictor.h"
#include "w2s/sweep_store.h"
#include "w2s/vector_source.h"

namespace w2s {

class PromptEmbeddings;
struct PromptText;

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
  /// The prompts' texts, see prompt_texts.h.
  [[nodiscard]] std::filesystem::path prompts() const { return root / "prompts.jsonl"; }
  /// How long the stages took, see stage_times.h.
  [[nodiscard]] std::filesystem::path times() const { return root / "times.json"; }
};

/// What BehaviorFolder's paths take for method number `method` of a study.
[[nodiscard]] std::string_view name_in_files(std::span<const std::string> methods, std::size_t method);

/// The behaviours that a results folder holds, by name. Throws Error{results} if it is none.
[[nodiscard]] std::vector<BehaviorFolder> behavior_folders(const std::filesystem::path& folder);

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

}  // namespace w2s
