// What this machine has left for a job.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

namespace w2s {

/// Bytes of memory that programs can still take: what Linux calls available, on other systems what is free. Nothing
/// where the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> available_memory();

/// Bytes that can still be written at a path, which need not be there yet. Nothing where the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> free_disk(const std::filesystem::path& path);

}  // namespace w2s
