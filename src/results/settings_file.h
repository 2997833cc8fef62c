// settings.json: what a results folder was made with.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {

/// Empty if the folder has none. Throws Error{results} if it is malformed.
[[nodiscard]] std::optional<SettingsFile> read_settings(const std::filesystem::path& folder);
void write_settings(const std::filesystem::path& folder, const SettingsFile& settings);

/// A whole number among what decides the measurement; nothing where it is missing or no such number.
[[nodiscard]] std::optional<std::uint64_t> measured_number(const SettingsFile& settings, const std::string& name);

/// What `recorded` and `current` have in common stays comparable: throws Error{results} that names the first setting
/// that differs. Behaviours that only one of them has are no difference. Returns `current` with the data of both.
[[nodiscard]] SettingsFile merge_settings(const std::filesystem::path& folder, const SettingsFile& recorded,
                                          const SettingsFile& current);

/// What a folder that is there was begun with.
[[nodiscard]] std::optional<ExecutorChoice> recorded_executor(const std::filesystem::path& folder);

}  // namespace w2s
