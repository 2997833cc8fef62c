// The prompts of a behaviour as its model saw them: texts for people, in <behaviour>/prompts.jsonl.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/model.h"
#include "w2s/results_folder.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

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

}  // namespace w2s
