// A conversation on a terminal: what is typed becomes turns of the user and commands.
#pragma once

#include <cstddef>
#include <functional>
#include <istream>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "cli/print/console.h"
#include "w2s/base.h"
#include "w2s/generation.h"

namespace w2s::cli {

struct ChatSettings {
  std::string system;
  std::vector<SteeringRequest> steering;
  SamplingOptions sampling;
  std::size_t max_tokens = 512;
  bool compare = false;
  bool quiet = false;  ///< no prompt sign, no layers
};

class Chat {
 public:
  Chat(GenerationEngine& engine, ChatSettings settings, Console console);

  /// Answers line by line until the input ends or /quit. Answers go to the console's results, everything else to its
  /// messages. `while_answering` is called for each answer with what computes it, and hands it a token that stops it.
  void converse(std::istream& input,
                const std::function<void(const std::function<void(const std::stop_token&)>&)>& while_answering);

  /// What was said, the system message included.
  [[nodiscard]] const std::vector<ChatMessage>& messages() const { return messages_; }

 private:
  struct Answer {
    std::string text;
    GenerationFinished finished;
  };

  /// Returns false if the conversation is to end.
  bool obey(std::string_view command);
  void set_scale(std::string_view arguments);
  void set_layer(std::string_view arguments);
  /// The steerings that "[NAME] VALUE" is about, and the value.
  [[nodiscard]] std::pair<std::vector<SteeringRequest*>, std::string> split(std::string_view arguments);
  void reset();
  void answer(const std::stop_token& stop);
  void submit(const GenerationRequest& request, Answer& answer, bool is_streamed, std::vector<GenerationId>& ids);
  void say(std::string_view line) const;

  GenerationEngine* engine_;
  ChatSettings settings_;
  Console console_;
  std::vector<ChatMessage> messages_;
};

}  // namespace w2s::cli
