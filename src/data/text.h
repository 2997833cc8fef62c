// Text as it comes in data files: line ends of any system, a byte-order mark, bytes that are no UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace w2s::data {

/// The text without the byte-order mark that some editors write at the beginning of a file.
[[nodiscard]] std::string_view without_byte_order_mark(std::string_view text);

/// The text without spaces, tabs and line ends at either side.
[[nodiscard]] std::string_view strip(std::string_view text);

/// How many bytes from the beginning are well-formed UTF-8 (RFC 3629); the text's size if all are.
[[nodiscard]] std::size_t valid_utf8_prefix(std::string_view text);

/// The 1-based line in which byte `offset` stands.
[[nodiscard]] std::size_t line_of(std::string_view text, std::size_t offset);

}  // namespace w2s::data
