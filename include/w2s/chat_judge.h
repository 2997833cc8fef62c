// A chat model behind a URL that says how strongly an answer shows a behaviour.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "w2s/job.h"
#include "w2s/openai_server_options.h"

namespace w2s {

struct JudgeQuestion {
  std::string behavior;  ///< its description
  std::string prompt;
  std::string answer;
};

/// The highest rating.
inline constexpr int best_rating = 10;

/// Asks OpenAI's /chat/completions, of OpenAI's server or any other. Requests are made again as for RemoteEmbeddings.
class ChatJudge {
 public:
  /// Sends nothing. Throws Error{usage} for options that make no sense.
  explicit ChatJudge(const OpenAiServerOptions& options);
  ~ChatJudge();
  ChatJudge(ChatJudge&&) noexcept;
  ChatJudge& operator=(ChatJudge&&) noexcept;

  /// How strongly the answer shows the behaviour, 0 to best_rating; nothing where the model replied with anything but
  /// a whole number in that range. The temperature is 0, and the reply ends after 1024 tokens. Throws Error{network}
  /// once the tries are used up or the server refuses, Error{interrupted} when the job is stopped.
  [[nodiscard]] std::optional<int> rate(const JudgeQuestion& question, const Job& job = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s
