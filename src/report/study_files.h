// The files of a results folder that are about all of its behaviours.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "study/settings_file.h"
#include "w2s/encoder_comparison.h"
#include "w2s/evaluation.h"
#include "w2s/study.h"

namespace w2s::report {

/// The behaviours of a results folder. Throws Error{results} if it is none; if it is an experiment's, the message names
/// the studies that it has.
[[nodiscard]] std::vector<BehaviorFolder> behaviors_of_study(const std::filesystem::path& folder);

/// Throws Error{results} if it is missing or malformed.
[[nodiscard]] SettingsFile settings_of_study(const std::filesystem::path& folder);

/// Throws Error{results} if results.json is missing (and says how to make it) or malformed.
[[nodiscard]] std::vector<PolicyResult> results_of_study(const std::filesystem::path& folder);

/// Nothing where `w2s encoders` was not run. Throws Error{results} if encoders.json is malformed.
[[nodiscard]] std::optional<EncoderComparison> encoders_of_study(const std::filesystem::path& folder);

}  // namespace w2s::report
