// What several commands share beyond the options of a study (w2s/study_options.h).
#pragma once

#include <string>
#include <vector>

#include "cli/commands/work.h"
#include "w2s/data.h"
#include "w2s/model.h"
#include "w2s/option.h"

namespace w2s::cli {

[[nodiscard]] Option quiet_option(bool& quiet);

/// The warning that numbers of this model need; nothing for one that needs none.
void warn_if_quantized(const ModelInfo& model, Work& work);

/// The warning that results of so few samples need; nothing for a limit of 0.
void warn_if_limited(const DataSelection& selection, Work& work);

/// The only behaviour that was asked for. Throws Error{usage} that lists them if there are several.
[[nodiscard]] Behavior read_single_behavior(const std::vector<std::string>& sources, const DataSelection& selection);

}  // namespace w2s::cli
