// The results folder that a report is about.
#pragma once

#include <filesystem>

#include "w2s/results.h"

namespace w2s::report {

/// Throws Error{results} if it is none; if it is an experiment's, the message names the studies that it has.
[[nodiscard]] ResultsFolder open_study(const std::filesystem::path& folder);

}  // namespace w2s::report
