// A model's Jinja chat template, run by llama.cpp's own Jinja engine.
#pragma once

#include <memory>
#include <span>
#include <string>

#include "w2s/base.h"

namespace w2s::engine {

class ChatTemplate {
 public:
  /// Throws Error{model} if the template is not Jinja that llama.cpp understands.
  ChatTemplate(const std::string& source, std::string bos_token, std::string eos_token);

  /// The text up to where the assistant's answer begins. Throws Error{model} if the template fails or drops a message.
  [[nodiscard]] std::string render(std::span<const ChatMessage> messages) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

}  // namespace w2s::engine
