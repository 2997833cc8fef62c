// A sweep store's header as rows of text, which is how it is stored and compared.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "w2s/sweep.h"

namespace w2s {

using HeaderRows = std::vector<std::pair<std::string, std::string>>;

/// Throws Error{usage} for a grid without layers, with fewer than two multipliers, or not in ascending order.
void check_header(const SweepStoreHeader& header);

/// Key and value of everything in the header; those of `settings` as "settings.<key>".
[[nodiscard]] HeaderRows header_rows(const SweepStoreHeader& header);

/// The inverse. Throws Error{io} that names `path` and the key that is missing or malformed.
[[nodiscard]] SweepStoreHeader parse_header(const std::map<std::string, std::string>& rows,
                                            const std::filesystem::path& path);

/// Throws Error{results} that names the first key whose value differs, with both values.
void check_same_header(const std::map<std::string, std::string>& stored, const SweepStoreHeader& wanted,
                       const std::filesystem::path& path);

}  // namespace w2s
