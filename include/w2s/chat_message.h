// One turn of a conversation.
#pragma once

#include <string>

namespace w2s {

/// `role` is "system", "user" or "assistant".
struct ChatMessage {
  std::string role;
  std::string content;

  bool operator==(const ChatMessage&) const = default;
};

}  // namespace w2s
