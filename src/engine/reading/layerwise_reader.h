// Reading prompts of a model that is computed layer by layer, and going on from them.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "engine/layerwise_model.h"
#include "engine/reading/prompt_state_cache.h"
#include "w2s/decoding.h"

namespace w2s {

class LayerwiseReader final : public PromptReader {
 public:
  /// Prompts that go through a layer together: enough for matrix products to be at their best.
  static constexpr std::size_t most_at_once = 4;

  explicit LayerwiseReader(LayerwiseModel model, PromptStateCache* cache = nullptr)
      : layers_(std::move(model)), cache_(cache) {}

  [[nodiscard]] const Model& model() const noexcept override { return layers_.model(); }
  [[nodiscard]] std::string_view name() const noexcept override { return "layerwise"; }
  [[nodiscard]] std::size_t prompts_at_once() const noexcept override { return most_at_once; }
  void begin_with(std::span<const Token> prefix, const PromptNeeds& needs) override;

  /// Where there is a cache, the states stay there.
  [[nodiscard]] std::vector<PromptReading> read(std::span<const TokenizedSample* const> prompts) override;

  /// Hands the states over to go on from, those in the cache without reading these prompts again. Throws what `read`
  /// does.
  [[nodiscard]] std::vector<PromptState> read_states(std::span<const TokenizedSample* const> prompts);

  [[nodiscard]] LayerwiseModel& layers() noexcept { return layers_; }
  [[nodiscard]] const LayerwiseModel& layers() const noexcept { return layers_; }

 private:
  void compute_prefix();
  void compute(std::span<const TokenizedSample* const> prompts, std::span<PromptState* const> states);

  LayerwiseModel layers_;
  PromptStateCache* cache_;
  std::vector<Token> prefix_;
  PromptNeeds needs_;
  bool prefix_is_computed_ = false;
  KeyValues prefix_key_values_;
  std::map<std::size_t, std::vector<double>> prefix_sums_;  // by layer, over its tokens, where means are needed
};

/// logit(+) - logit(-) of a row that has passed the last layer. Throws Error{engine} if it is not finite.
[[nodiscard]] float propensity(LayerwiseModel& model, std::span<const float> row, const TokenizedSample& prompt);

}  // namespace w2s
