#include "serve/protocol/scored_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "data/text.h"

namespace w2s::serve {
namespace {

// What OpenAI gives a token that is all but impossible; JSON has no infinity.
constexpr float least_log_probability = -9999;

float finite(float log_probability) {
  return log_probability > least_log_probability ? log_probability : least_log_probability;
}

// Bytes that are not UTF-8 as \xE2, the others as they are.
std::string escape(std::string_view bytes) {
  std::string text;
  while (!bytes.empty()) {
    const std::size_t valid = data::valid_utf8_prefix(bytes);
    text += bytes.substr(0, valid);
    bytes.remove_prefix(valid);
    if (bytes.empty()) break;
    fmt::format_to(std::back_inserter(text), "\\x{:02x}", static_cast<std::uint8_t>(bytes.front()));
    bytes.remove_prefix(1);
  }
  return text;
}

// Text completions have no field for the bytes; the prefix tells such a token from one that reads like it.
std::string text_token(std::string_view bytes) {
  const bool is_text = data::valid_utf8_prefix(bytes) == bytes.size();
  return is_text ? std::string(bytes) : "bytes:" + escape(bytes);
}

ResponseJson chat_token(const TokenScore& score) {
  auto bytes = ResponseJson::array();
  for (const char byte : score.bytes) bytes.push_back(static_cast<std::uint8_t>(byte));
  return {{"token", escape(score.bytes)}, {"logprob", finite(score.log_probability)}, {"bytes", std::move(bytes)}};
}

}  // namespace

std::size_t count_characters(std::string_view bytes) {
  const auto begins = [](char byte) { return (static_cast<std::uint8_t>(byte) & 0xC0U) != 0x80U; };
  return static_cast<std::size_t>(std::ranges::count_if(bytes, begins));
}

ResponseJson chat_log_probabilities(std::span<const ScoredToken> tokens) {
  auto content = ResponseJson::array();
  for (const auto& [chosen, most_likely, text_offset] : tokens) {
    auto token = chat_token(chosen);
    auto& alternatives = token["top_logprobs"] = ResponseJson::array();
    for (const auto& score : most_likely) alternatives.push_back(chat_token(score));
    content.push_back(std::move(token));
  }
  return {{"content", std::move(content)}, {"refusal", nullptr}};
}

ResponseJson text_log_probabilities(std::span<const ScoredToken> tokens) {
  auto texts = ResponseJson::array();
  auto log_probabilities = ResponseJson::array();
  auto alternatives = ResponseJson::array();
  auto offsets = ResponseJson::array();
  for (const auto& [chosen, most_likely, text_offset] : tokens) {
    texts.push_back(text_token(chosen.bytes));
    log_probabilities.push_back(finite(chosen.log_probability));
    auto by_text = ResponseJson::object();
    for (const auto& score : most_likely) by_text.emplace(text_token(score.bytes), finite(score.log_probability));
    alternatives.push_back(std::move(by_text));
    offsets.push_back(text_offset);
  }
  return {{"tokens", std::move(texts)},
          {"token_logprobs", std::move(log_probabilities)},
          {"top_logprobs", std::move(alternatives)},
          {"text_offset", std::move(offsets)}};
}

}  // namespace w2s::serve
