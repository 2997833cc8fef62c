// Prompts without answers.
#pragma once

#include <filesystem>
#include <vector>

#include "w2s/chat_message.h"

namespace w2s {

/// Reads a JSONL file of {"prompt"}, a string or a list of chat messages as in preference pairs; other fields are
/// ignored. Returns a conversation for each line. Throws Error{io} if the file cannot be read, Error{data} with file
/// and line for a malformed line, or a file without prompts.
[[nodiscard]] std::vector<std::vector<ChatMessage>> read_prompts(const std::filesystem::path& file);

}  // namespace w2s
