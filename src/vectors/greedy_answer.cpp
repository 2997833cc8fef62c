#include "vectors/greedy_answer.h"

#include <algorithm>

namespace w2s {
namespace {

// Decodes `tokens` from `position` on, the last one steered, and returns the most likely next token.
Token next_token(Decoder& decoder, std::span<const Token> tokens, std::size_t position,
                 const std::optional<Steering>& steering) {
  Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    batch.rows.push_back({.token = tokens[i], .position = static_cast<std::int32_t>(position + i)});
  const std::size_t last = tokens.size() - 1;
  batch.rows[last].wants_logits = true;
  if (steering) batch.edits.push_back({.row = last, .steering = *steering});
  const auto decoded = decoder.decode(batch);
  return static_cast<Token>(std::ranges::max_element(decoded.logits) - decoded.logits.begin());
}

}  // namespace

std::vector<Token> greedy_answer(Decoder& decoder, std::span<const Token> prompt, std::size_t max_tokens,
                                 const std::optional<Steering>& steering) {
  std::vector<Token> answer;
  decoder.clear();
  if (prompt.empty()) return answer;
  Token token = next_token(decoder, prompt, 0, steering);
  while (answer.size() < max_tokens && !decoder.model().is_end_of_generation(token)) {
    answer.push_back(token);
    if (answer.size() < max_tokens)
      token = next_token(decoder, std::span(&token, 1), prompt.size() + answer.size() - 1, steering);
  }
  decoder.clear();
  return answer;
}

}  // namespace w2s
