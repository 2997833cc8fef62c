// What a model answers when it is steered: greedy decoding with one vector at one layer.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "w2s/decoding.h"

namespace w2s {

/// Up to `max_tokens` most likely tokens after the prompt, without the one that ends the generation. Steering applies
/// at the last prompt token and at every generated token, never at earlier prompt tokens. Clears the decoder.
[[nodiscard]] std::vector<Token> greedy_answer(Decoder& decoder, std::span<const Token> prompt, std::size_t max_tokens,
                                               const std::optional<Steering>& steering = std::nullopt);

}  // namespace w2s
