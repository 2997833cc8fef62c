// Where a server that speaks OpenAI's protocol is, and how patiently it is asked.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace w2s {

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

}  // namespace w2s
