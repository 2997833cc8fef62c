// w2s eval --open-ended: its options, and what they ask for.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/options.h"
#include "w2s/open_ended_evaluation.h"

namespace w2s::cli {

struct OpenEndedArguments {
  bool asked = false;
  std::vector<std::string> scales;
  std::size_t max_tokens = 48;
  std::size_t limit = 0;
  std::filesystem::path prompts;
  std::vector<std::string> encoders;
  std::string judge;
  std::filesystem::path answers;

  void add_to(CommandLine& line);
  /// Throws Error{usage} for what --open-ended needs and lacks, and what reading prompts throws.
  [[nodiscard]] OpenEndedSettings settings(const ModelArguments& model, const std::vector<std::string>& data,
                                           int threads) const;
};

/// A JSON object a line, one an answer.
[[nodiscard]] std::string answers_to_jsonl(const OpenEndedOutcome& outcome);

}  // namespace w2s::cli
