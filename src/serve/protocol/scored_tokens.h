// Log probabilities of tokens, in the shapes of chat and of text completions.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/protocol/response_json.h"

namespace w2s::serve {

struct TokenScore {
  std::string bytes;  ///< the token's text (Model::text), which may end within a character
  float log_probability = 0;
};

struct ScoredToken {
  TokenScore chosen;
  std::vector<TokenScore> most_likely;
  std::size_t text_offset = 0;  ///< characters of the answer before it (see count_characters); only text completions
};

/// Characters that begin in UTF-8 text or a piece of it.
[[nodiscard]] std::size_t count_characters(std::string_view bytes);

/// {"content": [{"token", "logprob", "bytes", "top_logprobs": [{"token", "logprob", "bytes"}]}], "refusal": null}
[[nodiscard]] ResponseJson chat_log_probabilities(std::span<const ScoredToken> tokens);

/// {"tokens", "token_logprobs", "top_logprobs": [{token: logprob}], "text_offset"}
[[nodiscard]] ResponseJson text_log_probabilities(std::span<const ScoredToken> tokens);

}  // namespace w2s::serve
