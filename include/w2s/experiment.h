// The paper's experiments: one study for each model and seed, and the tables from all of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "w2s/job.h"
#include "w2s/model.h"
#include "w2s/paper_tables.h"
#include "w2s/study.h"
#include "w2s/study_cost.h"

namespace w2s {

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

}  // namespace w2s
