// The files of the web project that the server carries, compiled into the library.
#pragma once

#include <span>
#include <string_view>

namespace w2s::serve {

struct WebFile {
  std::string_view name;  ///< with its extension
  std::string_view content;
};

/// None with W2S_WEB=OFF. Defined in a source file that the build generates (cmake/EmbedFiles.cmake).
[[nodiscard]] std::span<const WebFile> web_files();

}  // namespace w2s::serve
