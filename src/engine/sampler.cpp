#include "w2s/decoding.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "engine/model_handle.h"
#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::size_t always_keep_one = 1;
constexpr std::int32_t most_tokens_to_look_back = 1 << 20;

struct FreeSampler {
  void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
};
using Chain = std::unique_ptr<llama_sampler, FreeSampler>;

std::int32_t vocabulary_of(const llama_vocab* vocab) { return llama_vocab_n_tokens(vocab); }

// The user's, and the tokens that the model's file says must never be generated.
std::vector<llama_logit_bias> biases(const llama_vocab* vocab, const SamplingOptions& options) {
  std::vector<llama_logit_bias> all;
  for (const auto& [token, bias] : options.logit_bias) all.push_back({token, bias});
  std::int32_t count = 0;
  const llama_token* suppressed = llama_vocab_get_suppress_tokens(vocab, &count);
  for (std::int32_t i = 0; i < count; ++i) all.push_back({suppressed[i], -INFINITY});
  return all;
}

Chain make_chain(const Model& model, const SamplingOptions& options) {
  const llama_vocab* vocab = model.handle().vocab;
  auto params = llama_sampler_chain_default_params();
  params.no_perf = true;
  Chain chain(llama_sampler_chain_init(params));
  const auto add = [&](llama_sampler* sampler) { llama_sampler_chain_add(chain.get(), sampler); };

  const auto bias = biases(vocab, options);
  if (!bias.empty())
    add(llama_sampler_init_logit_bias(vocabulary_of(vocab), static_cast<std::int32_t>(bias.size()), bias.data()));
  const std::int32_t context =
      static_cast<std::int32_t>(std::min<std::size_t>(model.info().training_context, most_tokens_to_look_back));
  add(llama_sampler_init_penalties(vocabulary_of(vocab), options.repeat_last_n < 0 ? context : options.repeat_last_n,
                                   options.repeat_penalty, options.frequency_penalty, options.presence_penalty));
  if (options.temperature <= 0) {
    add(llama_sampler_init_greedy());
    return chain;
  }
  add(llama_sampler_init_top_k(options.top_k));
  add(llama_sampler_init_typical(options.typical_p, always_keep_one));
  add(llama_sampler_init_top_p(options.top_p, always_keep_one));
  add(llama_sampler_init_min_p(options.min_p, always_keep_one));
  add(llama_sampler_init_temp(options.temperature));
  add(llama_sampler_init_dist(options.seed));
  return chain;
}

}  // namespace

void check_sampling(const SamplingOptions& options, const ModelInfo& model) {
  const auto check = [](bool is_fine, std::string_view name, auto value, std::string_view range) {
    if (!is_fine) throw Error(ErrorKind::usage, fmt::format("{} is {}: use {}", name, value, range));
  };
  const auto is_share = [](float value) { return value >= 0 && value <= 1; };
  check(std::isfinite(options.temperature), "temperature", options.temperature, "a finite number");
  check(is_share(options.top_p), "top_p", options.top_p, "0 to 1");
  check(is_share(options.min_p), "min_p", options.min_p, "0 to 1");
  check(is_share(options.typical_p), "typical_p", options.typical_p, "0 to 1");
  check(
      std::isfinite(options.repeat_penalty) && options.repeat_penalty > 0 && std::isfinite(1 / options.repeat_penalty),
      "repeat_penalty", options.repeat_penalty, "a finite number above 0");
  check(std::isfinite(options.frequency_penalty), "frequency_penalty", options.frequency_penalty, "a finite number");
  check(std::isfinite(options.presence_penalty), "presence_penalty", options.presence_penalty, "a finite number");
  check(options.repeat_last_n >= -1 && options.repeat_last_n <= most_tokens_to_look_back, "repeat_last_n",
        options.repeat_last_n, fmt::format("-1 to {}", most_tokens_to_look_back));
  for (const auto& [token, bias] : options.logit_bias) {
    check(token >= 0 && static_cast<std::size_t>(token) < model.vocabulary, "logit_bias", token,
          fmt::format("tokens from 0 to {}", model.vocabulary - 1));
    check(!std::isnan(bias) && bias < INFINITY, fmt::format("logit_bias of token {}", token), bias,
          "a finite number, or minus infinity");
  }
  if (options.logit_bias.size() < model.vocabulary) return;
  const bool some_are_left =
      std::ranges::any_of(options.logit_bias, [](const auto& entry) { return std::isfinite(entry.second); });
  check(some_are_left, "logit_bias", "minus infinity for every token", "it for fewer");
}

struct Sampler::State {
  Chain chain;
  std::vector<llama_token_data> candidates;
};

Sampler::Sampler(const Model& model, const SamplingOptions& options, std::span<const Token> prompt) {
  check_sampling(options, model.info());
  state_ = std::make_unique<State>();
  state_->chain = make_chain(model, options);
  state_->candidates.reserve(model.info().vocabulary);
  for (const Token token : prompt) llama_sampler_accept(state_->chain.get(), token);
}

Sampler::~Sampler() = default;
Sampler::Sampler(Sampler&&) noexcept = default;
Sampler& Sampler::operator=(Sampler&&) noexcept = default;

Token Sampler::sample(std::span<const float> logits) {
  auto& candidates = state_->candidates;
  candidates.clear();
  for (std::size_t token = 0; token < logits.size(); ++token)
    candidates.push_back({.id = static_cast<llama_token>(token), .logit = logits[token], .p = 0});
  llama_token_data_array view{.data = candidates.data(), .size = candidates.size(), .selected = -1, .sorted = false};
  llama_sampler_apply(state_->chain.get(), &view);
  if (view.selected < 0) throw Error(ErrorKind::engine, "llama.cpp's samplers chose no token");
  const Token token = view.data[view.selected].id;
  llama_sampler_accept(state_->chain.get(), token);
  return token;
}

LogProbabilities::LogProbabilities(std::span<const float> logits) : logits_(logits) {
  if (logits.empty()) return;
  const double highest = *std::ranges::max_element(logits);
  double sum = 0;
  for (const float logit : logits) sum += std::exp(static_cast<double>(logit) - highest);
  log_of_sum_ = highest + std::log(sum);
}

TokenLogProbability LogProbabilities::of(Token token) const {
  const auto logit = static_cast<double>(logits_[static_cast<std::size_t>(token)]);
  return {.token = token, .log_probability = static_cast<float>(logit - log_of_sum_)};
}

std::vector<TokenLogProbability> LogProbabilities::most_likely(std::size_t count) const {
  std::vector<Token> tokens(logits_.size());
  std::iota(tokens.begin(), tokens.end(), Token{0});
  const auto is_likelier = [&](Token a, Token b) {
    const float first = logits_[static_cast<std::size_t>(a)];
    const float second = logits_[static_cast<std::size_t>(b)];
    return first != second ? first > second : a < b;
  };
  count = std::min(count, tokens.size());
  const auto end = tokens.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::partial_sort(tokens, end, is_likelier);
  std::vector<TokenLogProbability> likely;
  std::transform(tokens.begin(), end, std::back_inserter(likely), [this](Token token) { return of(token); });
  return likely;
}

}  // namespace w2s
