#include "w2s/prompt_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/values.h"
#include "w2s/error.h"
#include "w2s/parallel.h"

namespace w2s {
namespace {

void throw_unless_finite(std::span<const float> values, const char* what) {
  if (!all_finite(values)) throw Error(ErrorKind::engine, what);
}

void check_residual_stream(std::span<const float> values) {
  throw_unless_finite(values, "the model's residual stream has values that are not finite");
}

using Sums = std::map<std::size_t, std::vector<double>>;

// Of the rows of a group, where the means over a prompt ask for this layer.
void add_rows(const RowBatch& batch, std::size_t group, std::size_t layer, Sums& sums) {
  const auto sum = sums.find(layer);
  if (sum == sums.end()) return;
  for (std::size_t row = 0; row < batch.groups()[group].rows; ++row) {
    const auto values = batch.row(group, row);
    for (std::size_t i = 0; i < values.size(); ++i) sum->second[i] += static_cast<double>(values[i]);
  }
}

std::size_t bytes_of(const std::vector<std::vector<float>>& vectors) {
  std::size_t values = 0;
  for (const auto& vector : vectors) values += vector.size();
  return values * sizeof(float);
}

std::size_t bytes_of(const PromptState& state) {
  std::size_t bytes = bytes_of(state.key_values.keys) + bytes_of(state.key_values.values) + bytes_of(state.last) +
                      state.difference.size() * sizeof(float);
  for (const auto& [layer, mean] : state.means) bytes += mean.size() * sizeof(float);
  return bytes;
}

// A prompt on its way through the layers, after the shared prefix.
class PromptInPass {
 public:
  PromptInPass(const TokenizedSample& sample, std::size_t prefix, const KeyValues& prefix_key_values, Sums sums,
               PromptState& state)
      : sample_(&sample), prefix_(prefix), sums_(std::move(sums)), state_(&state) {
    state.key_values = prefix_key_values;
  }

  void enter(const LayerwiseModel& model, bool difference, RowBatch& batch) {
    prompt_group_ =
        batch.add({.prompt = &state_->key_values, .rows = own_tokens(), .position = prefix_, .extends_prompt = true});
    for (std::size_t i = 0; i < own_tokens(); ++i)
      model.embed(sample_->prompt[prefix_ + i], batch.row(prompt_group_, i));
    if (!difference) return;
    answer_group_ =
        batch.add({.prompt = &state_->key_values, .rows = answers.size(), .position = sample_->prompt.size()});
    model.embed(sample_->chosen, batch.row(*answer_group_, answers[0]));
    model.embed(sample_->rejected, batch.row(*answer_group_, answers[1]));
  }

  void read_layer(std::size_t layer, const RowBatch& batch) {
    const auto last = batch.row(prompt_group_, own_tokens() - 1);
    check_residual_stream(last);
    state_->last.emplace_back(last.begin(), last.end());
    add_rows(batch, prompt_group_, layer, sums_);
    if (!answer_group_) return;
    const auto chosen = batch.row(*answer_group_, answers[0]);
    const auto rejected = batch.row(*answer_group_, answers[1]);
    for (std::size_t i = 0; i < chosen.size(); ++i) state_->difference.push_back(chosen[i] - rejected[i]);
  }

  void read_end(LayerwiseModel& model) {
    check_residual_stream(state_->difference);
    const auto tokens = static_cast<double>(sample_->prompt.size());
    for (const auto& [layer, sum] : sums_)
      for (const double value : sum) state_->means[layer].push_back(static_cast<float>(value / tokens));
    state_->propensity = propensity(model, state_->last.back(), *sample_);
  }

 private:
  static constexpr std::array<std::size_t, 2> answers = {0, 1};  // rows: chosen, rejected

  [[nodiscard]] std::size_t own_tokens() const { return sample_->prompt.size() - prefix_; }

  const TokenizedSample* sample_;
  std::size_t prefix_;
  Sums sums_;
  PromptState* state_;
  std::size_t prompt_group_ = 0;
  std::optional<std::size_t> answer_group_;
};

}  // namespace

PromptStateCache::Key PromptStateCache::key_of(const TokenizedSample& sample, const PromptPass& pass) {
  return {.prompt = sample.prompt, .chosen = sample.chosen, .rejected = sample.rejected, .pass = pass};
}

void PromptStateCache::keep(const TokenizedSample& sample, const PromptPass& pass, PromptState state) {
  const std::size_t bytes = bytes_of(state);
  const std::lock_guard lock(mutex_);
  if (bytes > free_bytes_) return;
  const auto [place, is_new] = states_.try_emplace(key_of(sample, pass));
  if (!is_new) return;
  place->second = std::move(state);
  free_bytes_ -= bytes;
}

std::optional<PromptState> PromptStateCache::take(const TokenizedSample& sample, const PromptPass& pass,
                                                  bool difference) {
  const std::lock_guard lock(mutex_);
  const auto found = states_.find(key_of(sample, pass));
  if (found == states_.end() || (difference && found->second.difference.empty())) return std::nullopt;
  auto state = std::move(found->second);
  states_.erase(found);
  free_bytes_ += bytes_of(state);
  return state;
}

void PromptReader::begin_with(std::span<const Token> prefix, std::vector<std::size_t> mean_layers) {
  PromptPass pass{.shared_prefix = prefix.size(), .mean_layers = std::move(mean_layers)};
  if (std::ranges::equal(prefix, prefix_) && pass == pass_) return;
  prefix_.assign(prefix.begin(), prefix.end());
  pass_ = std::move(pass);
  prefix_is_computed_ = false;
}

void PromptReader::compute_prefix() {
  if (prefix_is_computed_) return;
  const auto& info = model_.info();
  prefix_key_values_ = model_.no_tokens();
  prefix_sums_.clear();
  for (const std::size_t layer : pass_.mean_layers) prefix_sums_[layer].resize(info.width);
  RowBatch batch(info.width);
  batch.add({.prompt = &prefix_key_values_, .rows = prefix_.size(), .position = 0, .extends_prompt = true});
  for (std::size_t i = 0; i < prefix_.size(); ++i) model_.embed(prefix_[i], batch.row(0, i));
  for (std::size_t layer = 0; layer < info.layers && !prefix_.empty(); ++layer) {
    model_.apply(layer, batch);
    add_rows(batch, 0, layer, prefix_sums_);
  }
  prefix_is_computed_ = true;
}

void PromptReader::check(const TokenizedSample& sample) const {
  if (sample.prompt.size() > prefix_.size() &&
      std::ranges::equal(std::span(sample.prompt).first(prefix_.size()), prefix_))
    return;
  throw Error(ErrorKind::usage, "a prompt does not go on from the prefix that all are said to share");
}

std::vector<PromptState> PromptReader::read(std::span<const TokenizedSample* const> samples, bool difference) {
  std::vector<PromptState> states(samples.size());
  std::vector<const TokenizedSample*> open;
  std::vector<PromptState*> open_states;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    check(*samples[i]);
    auto kept = cache_ != nullptr ? cache_->take(*samples[i], pass_, difference) : std::nullopt;
    if (kept) {
      states[i] = *std::move(kept);
      continue;
    }
    open.push_back(samples[i]);
    open_states.push_back(&states[i]);
  }
  if (!open.empty()) compute(open, difference, open_states);
  return states;
}

void PromptReader::compute(std::span<const TokenizedSample* const> samples, bool difference,
                           std::span<PromptState* const> states) {
  compute_prefix();
  RowBatch batch(model_.info().width);
  std::vector<PromptInPass> prompts;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    prompts.emplace_back(*samples[i], prefix_.size(), prefix_key_values_, prefix_sums_, *states[i]);
    prompts.back().enter(model_, difference, batch);
  }
  for (std::size_t layer = 0; layer < model_.info().layers; ++layer) {
    model_.apply(layer, batch);
    for (auto& prompt : prompts) prompt.read_layer(layer, batch);
  }
  for (auto& prompt : prompts) prompt.read_end(model_);
}

void PromptReader::keep(const TokenizedSample& sample, PromptState state) {
  if (cache_ != nullptr) cache_->keep(sample, pass_, std::move(state));
}

std::vector<PromptReader> make_prompt_readers(const Model& model, int threads, std::span<const TokenizedSample> samples,
                                              const std::vector<std::size_t>& mean_layers, PromptStateCache* cache) {
  const LayerwiseModel layerwise(model);
  std::vector<PromptReader> readers;
  for (std::size_t thread = 0; thread < thread_count(threads); ++thread) {
    auto& reader = readers.emplace_back(layerwise, cache);
    if (samples.empty()) continue;
    reader.begin_with(std::span(samples.front().prompt).first(common_prefix_length(samples)), mean_layers);
  }
  return readers;
}

float propensity(LayerwiseModel& model, std::span<const float> row, const TokenizedSample& sample) {
  const auto logits = model.logits(row, std::array{sample.chosen, sample.rejected});
  throw_unless_finite(logits, "the model returned logits that are not finite");
  return logits[0] - logits[1];
}

}  // namespace w2s
