// What a browser is shown: the page at /, and the report that it links to.
#pragma once

#include <filesystem>

#include "serve/http_front.h"

namespace w2s::serve {

/// What the page knows before it asks: web/src/chat/contract.ts, ServerFacts.
struct PageFacts {
  bool needs_key = false;
  bool has_report = false;
};

/// The chat; a line of text in a program that was built with W2S_WEB=OFF.
[[nodiscard]] Reply chat_page(const PageFacts& facts);

/// An HTML file, as it is now. Throws ApiError (404) where there is none.
[[nodiscard]] Reply report_page(const std::filesystem::path& file);

}  // namespace w2s::serve
