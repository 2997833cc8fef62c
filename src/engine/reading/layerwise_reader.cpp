#include "engine/reading/layerwise_reader.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/values.h"
#include "w2s/base.h"

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

// A prompt on its way through the layers, after the shared prefix.
class PromptInPass {
 public:
  PromptInPass(const TokenizedSample& prompt, std::size_t prefix, const KeyValues& prefix_key_values, Sums sums,
               PromptState& state)
      : prompt_(&prompt), prefix_(prefix), sums_(std::move(sums)), state_(&state) {
    state.key_values = prefix_key_values;
  }

  void enter(const LayerwiseModel& model, bool difference, RowBatch& batch) {
    prompt_group_ =
        batch.add({.prompt = &state_->key_values, .rows = own_tokens(), .position = prefix_, .extends_prompt = true});
    for (std::size_t i = 0; i < own_tokens(); ++i)
      model.embed(prompt_->prompt[prefix_ + i], batch.row(prompt_group_, i));
    if (!difference) return;
    answer_group_ =
        batch.add({.prompt = &state_->key_values, .rows = answers.size(), .position = prompt_->prompt.size()});
    model.embed(prompt_->chosen, batch.row(*answer_group_, answers[0]));
    model.embed(prompt_->rejected, batch.row(*answer_group_, answers[1]));
  }

  void read_layer(std::size_t layer, const RowBatch& batch) {
    const auto last = batch.row(prompt_group_, own_tokens() - 1);
    check_residual_stream(last);
    state_->reading.last[layer] = {last.begin(), last.end()};
    add_rows(batch, prompt_group_, layer, sums_);
    if (!answer_group_) return;
    const auto chosen = batch.row(*answer_group_, answers[0]);
    const auto rejected = batch.row(*answer_group_, answers[1]);
    for (std::size_t i = 0; i < chosen.size(); ++i) state_->reading.difference.push_back(chosen[i] - rejected[i]);
  }

  void read_end(LayerwiseModel& model) {
    check_residual_stream(state_->reading.difference);
    const auto tokens = static_cast<double>(prompt_->prompt.size());
    for (const auto& [layer, sum] : sums_)
      for (const double value : sum) state_->reading.means[layer].push_back(static_cast<float>(value / tokens));
    state_->reading.propensity = propensity(model, state_->reading.last.rbegin()->second, *prompt_);
  }

 private:
  static constexpr std::array<std::size_t, 2> answers = {0, 1};  // rows: chosen, rejected

  [[nodiscard]] std::size_t own_tokens() const { return prompt_->prompt.size() - prefix_; }

  const TokenizedSample* prompt_;
  std::size_t prefix_;
  Sums sums_;
  PromptState* state_;
  std::size_t prompt_group_ = 0;
  std::optional<std::size_t> answer_group_;
};

}  // namespace

void LayerwiseReader::begin_with(std::span<const Token> prefix, const PromptNeeds& needs) {
  if (!std::ranges::equal(prefix, prefix_) || needs.means != needs_.means) {
    prefix_.assign(prefix.begin(), prefix.end());
    prefix_is_computed_ = false;
  }
  needs_ = needs;
}

void LayerwiseReader::compute_prefix() {
  if (prefix_is_computed_) return;
  const auto& info = layers_.info();
  prefix_key_values_ = layers_.no_tokens();
  prefix_sums_.clear();
  for (const std::size_t layer : needs_.means) prefix_sums_[layer].resize(info.width);
  RowBatch batch(info.width);
  batch.add({.prompt = &prefix_key_values_, .rows = prefix_.size(), .position = 0, .extends_prompt = true});
  for (std::size_t i = 0; i < prefix_.size(); ++i) layers_.embed(prefix_[i], batch.row(0, i));
  for (std::size_t layer = 0; layer < info.layers && !prefix_.empty(); ++layer) {
    layers_.apply(layer, batch);
    add_rows(batch, 0, layer, prefix_sums_);
  }
  prefix_is_computed_ = true;
}

std::vector<PromptReading> LayerwiseReader::read(std::span<const TokenizedSample* const> prompts) {
  auto states = read_states(prompts);
  std::vector<PromptReading> readings;
  for (std::size_t i = 0; i < states.size(); ++i) {
    if (cache_ == nullptr) {
      readings.push_back(std::move(states[i].reading));
      continue;
    }
    readings.push_back(states[i].reading);
    cache_->keep(*prompts[i], prefix_.size(), needs_, std::move(states[i]));
  }
  return readings;
}

std::vector<PromptState> LayerwiseReader::read_states(std::span<const TokenizedSample* const> prompts) {
  std::vector<PromptState> states(prompts.size());
  std::vector<const TokenizedSample*> open;
  std::vector<PromptState*> open_states;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    check_goes_on(*prompts[i], prefix_);
    auto kept = cache_ != nullptr ? cache_->take(*prompts[i], prefix_.size(), needs_) : std::nullopt;
    if (kept) {
      states[i] = *std::move(kept);
      continue;
    }
    open.push_back(prompts[i]);
    open_states.push_back(&states[i]);
  }
  if (!open.empty()) compute(open, open_states);
  return states;
}

void LayerwiseReader::compute(std::span<const TokenizedSample* const> prompts, std::span<PromptState* const> states) {
  compute_prefix();
  RowBatch batch(layers_.info().width);
  std::vector<PromptInPass> passing;
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    passing.emplace_back(*prompts[i], prefix_.size(), prefix_key_values_, prefix_sums_, *states[i]);
    passing.back().enter(layers_, needs_.answers, batch);
  }
  for (std::size_t layer = 0; layer < layers_.info().layers; ++layer) {
    layers_.apply(layer, batch);
    for (auto& prompt : passing) prompt.read_layer(layer, batch);
  }
  for (auto& prompt : passing) prompt.read_end(layers_);
}

float propensity(LayerwiseModel& model, std::span<const float> row, const TokenizedSample& prompt) {
  const auto logits = model.logits(row, std::array{prompt.chosen, prompt.rejected});
  throw_unless_finite(logits, "the model returned logits that are not finite");
  return logits[0] - logits[1];
}

}  // namespace w2s
