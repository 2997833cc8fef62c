// Choosing the next token: llama.cpp's own samplers, applied to the logits of a row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "w2s/model.h"

namespace w2s {

/// llama.cpp's options, under its names and with its defaults. They apply in its order: logit bias, penalties, top-k,
/// typical-p, top-p, min-p, temperature.
struct SamplingOptions {
  float temperature = 0.8F;         ///< 0 or less: the most likely token, whatever the four options below say
  std::int32_t top_k = 40;          ///< 0 or less: all tokens
  float top_p = 0.95F;              ///< 1: off
  float min_p = 0.05F;              ///< 0: off
  float typical_p = 1.0F;           ///< 1: off
  float repeat_penalty = 1.0F;      ///< 1: off
  std::int32_t repeat_last_n = 64;  ///< tokens that the three penalties look at; 0: off, -1: the model's context
  float frequency_penalty = 0.0F;
  float presence_penalty = 0.0F;
  std::uint32_t seed = 0;                  ///< 4294967295, as in llama.cpp: another one every time
  std::map<Token, float> logit_bias = {};  ///< added to logits; minus infinity forbids a token

  bool operator==(const SamplingOptions&) const = default;
};

/// Throws Error{usage} that names the option which is out of range.
void check_sampling(const SamplingOptions& options, const ModelInfo& model);

/// The sampler of one generation: its random numbers, and the tokens that penalties look at.
class Sampler {
 public:
  /// `prompt` is what penalties see before the first token. Throws what check_sampling does.
  Sampler(const Model& model, const SamplingOptions& options, std::span<const Token> prompt = {});
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  /// The next token, for [vocabulary] logits. The same seed and the same logits give the same tokens.
  [[nodiscard]] Token sample(std::span<const float> logits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct TokenLogProbability {
  Token token = 0;
  float log_probability = 0;

  bool operator==(const TokenLogProbability&) const = default;
};

/// What the model gives each token before any sampler: log softmax of a row's logits. Refers to them.
class LogProbabilities {
 public:
  explicit LogProbabilities(std::span<const float> logits);

  [[nodiscard]] TokenLogProbability of(Token token) const;
  /// The most likely first; of equal ones the lower token first. At most as many as there are tokens.
  [[nodiscard]] std::vector<TokenLogProbability> most_likely(std::size_t count) const;

 private:
  std::span<const float> logits_;
  double log_of_sum_ = 0;
};

}  // namespace w2s
