// Preference pairs, the native format: JSON Lines of {"prompt", "chosen", "rejected"}, optional "system" and "id".
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "data/json_slices.h"
#include "w2s/base.h"
#include "w2s/data.h"

namespace w2s::data {

/// One sample for each line. Throws Error{data} with file and line.
[[nodiscard]] std::vector<Sample> read_preference_pairs(std::span<const JsonSlice> lines, std::string_view file);

/// The turns of "prompt", a string or a list of messages. Throws Error{data} with file and line.
[[nodiscard]] std::vector<ChatMessage> read_messages(const JsonValue& sample);

}  // namespace w2s::data
