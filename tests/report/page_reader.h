// A page as a browser reads it.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace w2s::test {

/// As small as a page can be that has a place for the data.
inline constexpr std::string_view bare_page = "<!doctype html>\n<title>w2s</title>\n<!--w2s:data-->\n";

/// The content of each <script> by its id. As in a browser, a script ends at the first "</script".
[[nodiscard]] std::map<std::string, std::string> scripts_of(std::string_view html);

/// A block's bytes: from base64, inflated.
[[nodiscard]] std::string unpacked(std::string_view block);

[[nodiscard]] inline nlohmann::json summary_of(std::string_view html) {
  return nlohmann::json::parse(scripts_of(html).at("summary"));
}

}  // namespace w2s::test
