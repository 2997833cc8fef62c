// The files of data/builtin, compiled into the library.
#pragma once

#include <span>
#include <string_view>

namespace w2s::data {

struct BuiltinFile {
  std::string_view name;  ///< with its extension, for instance "positive-review.jsonl"
  std::string_view content;
};

/// Sorted by name. Defined in a source file that the build generates (cmake/EmbedFiles.cmake).
[[nodiscard]] std::span<const BuiltinFile> builtin_files();

}  // namespace w2s::data
