// Base64 (RFC 4648), as servers send embeddings and pages hold numbers.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace w2s {

/// With padding.
[[nodiscard]] std::string encode_base64(std::string_view bytes);

/// The bytes; nothing if the text is not base64 with its padding.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace w2s
