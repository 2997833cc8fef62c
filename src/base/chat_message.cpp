#include "w2s/base.h"

namespace w2s {

std::string plain_text(std::span<const ChatMessage> messages) {
  std::string text;
  for (const auto& message : messages) {
    if (!text.empty()) text += "\n\n";
    text += message.content;
  }
  return text;
}

}  // namespace w2s
