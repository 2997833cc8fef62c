#include "serve/pages.h"

#include <fmt/format.h>

#include <string>
#include <utility>

#include "serve/protocol/api_error.h"
#include "serve/web_files.h"
#include "w2s/base.h"

namespace w2s::serve {
namespace {

constexpr std::string_view data_place = "<!--w2s:data-->";

// The pages' own policies, in their heads, allow nothing but what is in them; who may frame a page only a header says.
Reply html(std::string text) {
  return {.body = std::move(text),
          .content_type = "text/html; charset=utf-8",
          .headers = {{"Content-Security-Policy", "frame-ancestors 'none'"},
                      {"X-Content-Type-Options", "nosniff"},
                      {"Referrer-Policy", "no-referrer"},
                      {"Cache-Control", "no-cache"}}};
}

}  // namespace

Reply chat_page(const PageFacts& facts) {
  if (web_files().empty()) {
    return {.body = "w2s serves an OpenAI-compatible API under /v1. It was built without its page (W2S_WEB=OFF).\n",
            .content_type = "text/plain; charset=utf-8"};
  }
  std::string text(web_files().front().content);
  text.replace(text.find(data_place), data_place.size(),
               fmt::format(R"(<script type="application/json" id="server">{{"keys":{},"report":{}}}</script>)",
                           facts.needs_key, facts.has_report));
  return html(std::move(text));
}

Reply report_page(const std::filesystem::path& file) {
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(file, ignored)) throw unknown_path("/report");
  return html(read_file(file));
}

}  // namespace w2s::serve
