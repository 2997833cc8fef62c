// Zip archives in memory.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace w2s::vectors {

/// Content by file name.
using ZipArchive = std::map<std::string, std::string>;

/// Stored or compressed files. Throws Error{vectors} for what is no zip archive, damaged, encrypted, or unreasonably
/// large.
[[nodiscard]] ZipArchive read_zip_archive(std::string_view bytes);

/// Stored, without a date: the same content gives the same bytes.
[[nodiscard]] std::string zip_archive_bytes(const ZipArchive& archive);

}  // namespace w2s::vectors
