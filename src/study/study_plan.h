// Everything that a study decides before its first decode. What it runs and what it costs are both told from this.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "study/prepared_behavior.h"
#include "w2s/decoding.h"
#include "w2s/study.h"
#include "w2s/sweep.h"

namespace w2s {

struct StudyPlan {
  std::vector<std::string> methods;  ///< swept, those included that choose another one's fixed layer
  MethodOptions method_options;
  SweepGrid grid;
  std::vector<PromptEncoder> encoders;  ///< that the sweep records
  FitSettings fit;
  bool variants_at_all_layers = false;
  ExecutorChoice executor = ExecutorChoice::rows;  ///< what runs: never `automatic`
  std::size_t prompt_cache_bytes = 0;
  DecoderOptions decoder;  ///< with a context in which every prompt and its rows fit
  std::size_t decoders = 1;
  std::vector<PreparedBehavior> behaviors;
};

/// `layers`: of the model that is studied; `tokenizer` may be another one. Reads the data, decodes nothing. Throws
/// whatever run_study throws for settings, data or prompts that it refuses, but for what an encoder's name says of the
/// model.
[[nodiscard]] StudyPlan plan_study(const StudySettings& settings, std::size_t layers, ExecutorChoice executor,
                                   const Model& tokenizer);

/// What runs a study of the model in a folder: one that is there goes on as it was begun, unless it is told otherwise,
/// which is then refused. Throws Error{usage} where the model cannot be run so.
[[nodiscard]] ExecutorChoice executor_for(const StudySettings& settings, const std::filesystem::path& folder,
                                          const Model& model);

}  // namespace w2s
