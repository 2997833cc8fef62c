// Model-Written Evaluations (Perez et al., 2023; github.com/anthropics/evals), persona and advanced-ai-risk, put as
// multiple choice the way steering-bench does.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "data/json_slices.h"
#include "w2s/data.h"

namespace w2s::data {

/// Whether a line of a JSON Lines file is of this format.
[[nodiscard]] bool is_model_written_evaluation(const nlohmann::json& line);

/// One sample for each line; the matching answer is the chosen one. Throws Error{data} with file and line.
[[nodiscard]] std::vector<Sample> read_model_written_evaluations(std::span<const JsonSlice> lines,
                                                                 std::string_view file);

}  // namespace w2s::data
