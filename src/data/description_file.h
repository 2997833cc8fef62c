// STEM.toml beside a data file: what its behaviour is called by, in words, for the prompt variants.
#pragma once

#include <string_view>

#include "w2s/data.h"

namespace w2s::data {

/// Sets `positive`, `negative` and `system` of the behaviour to what the TOML text gives. Throws Error{data} with file
/// and line for a syntax error, another key or a value that is no string.
void apply_descriptions(Behavior& behavior, std::string_view toml_text, std::string_view file);

}  // namespace w2s::data
