// w2s eval --open-ended: its options, and what they ask for.
#pragma once

#include <filesystem>
#include <string>

#include "w2s/generation.h"
#include "w2s/option.h"
#include "w2s/study.h"

namespace w2s::cli {

struct OpenEndedArguments {
  bool asked = false;
  OpenEndedSettings settings;
  std::filesystem::path prompts;
  std::string judge;
  std::filesystem::path answers;

  [[nodiscard]] Options options();
  /// The settings for the study's model and data. Throws Error{usage} for what --open-ended needs and lacks, and what
  /// reading prompts throws.
  [[nodiscard]] OpenEndedSettings complete(const MultiLayerSettings& study) const;
};

/// A JSON object a line, one an answer.
[[nodiscard]] std::string answers_to_jsonl(const OpenEndedOutcome& outcome);

}  // namespace w2s::cli
