// The turns of a conversation.
#pragma once

#include <span>
#include <string>

namespace w2s {

/// `role` is "system", "user" or "assistant".
struct ChatMessage {
  std::string role;
  std::string content;

  bool operator==(const ChatMessage&) const = default;
};

/// A conversation as embedding models read it, when predictors are trained and when they are asked, and models that
/// have no chat template: the contents of all turns, a blank line between two.
[[nodiscard]] std::string plain_text(std::span<const ChatMessage> messages);

}  // namespace w2s
