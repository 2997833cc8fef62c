#include "w2s/vectors.h"

#include <fmt/format.h>

#include <algorithm>

#include "w2s/base.h"

namespace w2s {

TokenizedSample tokenize_sample(const Model& model, const Behavior& behavior, const Sample& sample,
                                PromptVariant variant) {
  const auto prompt = model.chat_prompt(conversation(behavior, sample, variant));
  auto chosen = model.tokenize(prompt + sample.chosen);
  const auto rejected = model.tokenize(prompt + sample.rejected);
  const auto [end_chosen, end_rejected] = std::ranges::mismatch(chosen, rejected);
  const auto refuse = [&](const char* why) {
    throw Error(ErrorKind::data,
                fmt::format("{}: the answers '{}' and '{}' {}", sample.where, sample.chosen, sample.rejected, why));
  };
  if (end_chosen == chosen.end() && end_rejected == rejected.end()) refuse("are the same tokens to this model");
  if (end_chosen == chosen.end() || end_rejected == rejected.end())
    refuse("cannot be told apart: to this model one is the beginning of the other");
  if (end_chosen == chosen.begin()) refuse("follow an empty prompt: there is no token to steer");

  TokenizedSample tokenized{.prompt = {}, .chosen = *end_chosen, .rejected = *end_rejected};
  chosen.erase(end_chosen, chosen.end());
  tokenized.prompt = std::move(chosen);
  return tokenized;
}

std::size_t common_prefix_length(std::span<const TokenizedSample> samples) {
  if (samples.empty()) return 0;
  const auto& first = samples.front().prompt;
  std::size_t length = first.size();
  for (const auto& sample : samples) {
    const auto end = std::ranges::mismatch(first, sample.prompt).in1;
    length = std::min(length, static_cast<std::size_t>(end - first.begin()));
    length = std::min(length, sample.prompt.size() - 1);
  }
  return length;
}

}  // namespace w2s
