// The pieces of a page that are unpacked when they are looked at, and where they are.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace w2s::report {

using Json = nlohmann::ordered_json;

/// Base64 of the zlib-compressed bytes: what a browser's DecompressionStream("deflate") takes.
[[nodiscard]] std::string packed_block(std::string_view bytes);

/// On one line. What is not UTF-8 is replaced by U+FFFD, and a number that is not finite by null.
[[nodiscard]] std::string json_text(const Json& json);

/// Ids of the <script> elements.
[[nodiscard]] std::string samples_block_id(std::size_t behavior);
[[nodiscard]] std::string numbers_block_id(std::size_t behavior, std::size_t method);
[[nodiscard]] std::string points_block_id(std::size_t space);

}  // namespace w2s::report
