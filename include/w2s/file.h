// Whole files: read at once, written so that a reader sees the old content or the new, never half of it.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace w2s {

/// The content of a file. Throws Error{io} with the path and the system's reason.
[[nodiscard]] std::string read_file(const std::filesystem::path& path);

/// Writes to a temporary file beside `path`, syncs it to disk and renames it over `path`; where that is a link, over
/// what it leads to. On failure (a full disk, say) throws Error{io}, removes the temporary file and leaves what was at
/// `path` as it was. A device or a pipe, as /dev/null or /dev/stdout, is written to as it is.
void write_file(const std::filesystem::path& path, std::string_view content);

/// The same for a writer that needs a path: `write` gets the temporary file's path and may throw. Throws Error{io} for
/// a device or a pipe.
void replace_file(const std::filesystem::path& path, const std::function<void(const std::filesystem::path&)>& write);

/// SHA-256 of a file, as 64 hexadecimal digits. Throws Error{io}.
[[nodiscard]] std::string sha256_of_file(const std::filesystem::path& path);

/// SHA-256 of a text, as 64 hexadecimal digits.
[[nodiscard]] std::string sha256(std::string_view text);

}  // namespace w2s
