// From the text of a data file of any format to a behaviour.
#pragma once

#include <string_view>

#include "w2s/data.h"

namespace w2s::data {

/// The paper's behaviour whose MWE file has this stem, or nullptr.
[[nodiscard]] const PaperBehavior* paper_behavior_of(std::string_view stem);

/// Reads a data file's content; `file` names it in messages, `stem` the behaviour. Of MWE and steering-bench data the
/// stem decides whether it is one of the paper's behaviours: then it gets the paper's name, descriptions and direction.
/// Throws Error{data} with file and line.
[[nodiscard]] Behavior read_behavior(std::string_view content, std::string_view file, std::string_view stem);

}  // namespace w2s::data
