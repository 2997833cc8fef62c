#include "generate/prompt_cache.h"

#include <algorithm>
#include <unordered_set>
#include <utility>

namespace w2s {

std::size_t PromptCache::used_by(std::span<const std::size_t> sequences) const {
  std::unordered_set<const CachedToken*> cells;
  for (const std::size_t sequence : sequences)
    for (const auto& token : sequences_[sequence].tokens) cells.insert(token.get());
  return cells.size();
}

std::size_t PromptCache::common_prefix(std::size_t sequence, std::span<const Token> prompt) const {
  const auto& tokens = sequences_[sequence].tokens;
  const std::size_t most = std::min(sequences_[sequence].clean, prompt.size());
  std::size_t length = 0;
  while (length < most && tokens[length]->token == prompt[length]) ++length;
  return length;
}

void PromptCache::append(std::size_t sequence, CachedToken token, bool is_clean) {
  auto& [tokens, clean] = sequences_[sequence];
  if (is_clean && clean == tokens.size()) ++clean;
  tokens.push_back(std::make_shared<const CachedToken>(std::move(token)));
  ++used_;
}

void PromptCache::truncate(std::size_t sequence, std::size_t length) {
  auto& [tokens, clean] = sequences_[sequence];
  if (length >= tokens.size()) return;
  decoder_->forget(static_cast<std::int32_t>(sequence), static_cast<std::int32_t>(length));
  while (tokens.size() > length) {
    if (tokens.back().use_count() == 1) --used_;
    tokens.pop_back();
  }
  clean = std::min(clean, length);
}

void PromptCache::share(std::size_t from, std::size_t to, std::size_t length) {
  const auto& source = sequences_[from];
  auto& target = sequences_[to];
  length = std::min(length, source.clean);
  const std::size_t begin = target.tokens.size();
  if (from == to || begin >= length) return;
  decoder_->share(static_cast<std::int32_t>(from), static_cast<std::int32_t>(to), static_cast<std::int32_t>(begin),
                  static_cast<std::int32_t>(length));
  target.tokens.insert(target.tokens.end(), source.tokens.begin() + static_cast<std::ptrdiff_t>(begin),
                       source.tokens.begin() + static_cast<std::ptrdiff_t>(length));
  if (target.clean == begin) target.clean = length;
}

void PromptCache::wipe() {
  decoder_->wipe();
  for (auto& sequence : sequences_) sequence = {};
  used_ = 0;
}

}  // namespace w2s
