// Base64 (RFC 4648), as servers send embeddings.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace w2s::remote {

/// With padding.
[[nodiscard]] std::string encode_base64(std::span<const std::byte> bytes);

/// The bytes; nothing if the text is not base64 with its padding.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace w2s::remote
