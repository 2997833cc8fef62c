// Base64 (RFC 4648), as servers send embeddings.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace w2s::remote {

/// The bytes; nothing if the text is not base64 with its padding.
[[nodiscard]] std::optional<std::string> decode_base64(std::string_view text);

}  // namespace w2s::remote
