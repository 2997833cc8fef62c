// The processed data sets of steering-bench (Tan et al., 2024; github.com/dtch1997/steering-bench): a JSON list of
// {"positive": {"prompt", "response"}, "negative": {"prompt", "response"}, "meta", "steering_token_index"}.
#pragma once

#include <string_view>
#include <vector>

#include "w2s/data.h"

namespace w2s::data {

/// Whether a JSON text begins like such a data set; enough of the file's beginning will do.
[[nodiscard]] bool looks_like_steering_bench(std::string_view beginning);

/// The positive response is the chosen answer. Throws Error{data} with file and line.
[[nodiscard]] std::vector<Sample> read_steering_bench(std::string_view content, std::string_view file);

}  // namespace w2s::data
