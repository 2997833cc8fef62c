// Servers that speak OpenAI's protocol, as a client.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "w2s/base.h"

namespace w2s {

// Where a server that speaks OpenAI's protocol is, and how patiently it is asked.

struct OpenAiServerOptions {
  std::string base_url = "https://api.openai.com/v1";  ///< requests go to <base_url>/embeddings and the like
  std::string api_key;                                 ///< sent as bearer token; empty: none is sent
  std::string model;
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds timeout{120'000};  ///< for a whole request
  int tries = 6;                               ///< of a request, the first included
  std::chrono::milliseconds first_wait{500};   ///< before the second try; doubled for each further one
  /// Before any try. A server that asks for a longer wait (Retry-After) is not tried again.
  std::chrono::milliseconds longest_wait{120'000};
  std::uint64_t seed = 0;  ///< of the waits' jitter

  /// The defaults, with OPENAI_BASE_URL and OPENAI_API_KEY from the environment where they are set.
  [[nodiscard]] static OpenAiServerOptions from_environment(std::string model);
};

// A chat model behind a URL that says how strongly an answer shows a behaviour.

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
