#include "engine/reading/prompt_state_cache.h"

#include <utility>

namespace w2s {
namespace {

std::size_t values_in(const std::vector<std::vector<float>>& vectors) {
  std::size_t values = 0;
  for (const auto& vector : vectors) values += vector.size();
  return values;
}

std::size_t values_in(const std::map<std::size_t, std::vector<float>>& vectors) {
  std::size_t values = 0;
  for (const auto& [layer, vector] : vectors) values += vector.size();
  return values;
}

std::size_t bytes_of(const PromptState& state) {
  const auto& [reading, key_values] = state;
  return sizeof(float) * (values_in(key_values.keys) + values_in(key_values.values) + values_in(reading.last) +
                          values_in(reading.means) + reading.difference.size());
}

}  // namespace

void PromptStateCache::keep(const TokenizedSample& prompt, std::size_t prefix, const PromptNeeds& needs,
                            PromptState state) {
  const std::size_t bytes = bytes_of(state);
  const std::lock_guard lock(mutex_);
  if (bytes > free_bytes_) return;
  const auto [place, is_new] = states_.try_emplace({.prompt = prompt, .prefix = prefix, .means = needs.means});
  if (!is_new) return;
  place->second = std::move(state);
  free_bytes_ -= bytes;
}

std::optional<PromptState> PromptStateCache::take(const TokenizedSample& prompt, std::size_t prefix,
                                                  const PromptNeeds& needs) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find({.prompt = prompt, .prefix = prefix, .means = needs.means});
  if (found == states_.end() || (needs.answers && found->second.reading.difference.empty())) return std::nullopt;
  auto state = std::move(found->second);
  states_.erase(found);
  free_bytes_ += bytes_of(state);
  return state;
}

}  // namespace w2s
