// One pass of each prompt through a model, for everything that is computed from it: steering vectors, what a method
// looks at, encoders, and the rows of a sweep, which go on from it.
#pragma once

#include <compare>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "w2s/layerwise_model.h"
#include "w2s/model.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

/// What a pass shows, and what rows need to go on from it.
struct PromptState {
  KeyValues key_values = {};                             ///< of all tokens of the prompt
  std::vector<std::vector<float>> last = {};             ///< [layers][width]: the steered token's residual stream
  std::map<std::size_t, std::vector<float>> means = {};  ///< by layer, [width]: over the prompt's tokens
  std::vector<float> difference = {};                    ///< [layers][width]: h_l(+) - h_l(-); empty if not read
  float propensity = 0;                                  ///< logit(+) - logit(-), unsteered
};

/// What a prompt's state depends on beside the prompt and the model.
struct PromptPass {
  std::size_t shared_prefix = 0;              ///< leading tokens of every prompt, which are computed once
  std::vector<std::size_t> mean_layers = {};  ///< ascending: where the mean over the prompt is wanted

  auto operator<=>(const PromptPass&) const = default;
};

/// States of one model's prompts between the pass that reads them and the sweep that goes on from them: as many as fit
/// into some memory, each until it is taken. Threads may share it.
class PromptStateCache {
 public:
  /// `bytes`: of key-values and residual streams that it may hold.
  explicit PromptStateCache(std::size_t bytes) : free_bytes_(bytes) {}

  /// Keeps a state, unless there is no room for it or it is there.
  void keep(const TokenizedSample& sample, const PromptPass& pass, PromptState state);

  /// Hands a state over, if it is there and has the answers' difference where that is asked for.
  [[nodiscard]] std::optional<PromptState> take(const TokenizedSample& sample, const PromptPass& pass, bool difference);

 private:
  struct Key {
    std::vector<Token> prompt;
    Token chosen;
    Token rejected;
    PromptPass pass;
    auto operator<=>(const Key&) const = default;
  };
  [[nodiscard]] static Key key_of(const TokenizedSample& sample, const PromptPass& pass);

  std::mutex mutex_;
  std::size_t free_bytes_;
  std::map<Key, PromptState> states_;
};

/// Takes prompts through a model, several together. What comes of a prompt does not depend on the others, to the last
/// bit. Each thread needs a reader of its own.
class PromptReader {
 public:
  /// Prompts that go through a layer together: enough for matrix products to be at their best.
  static constexpr std::size_t prompts_at_once = 4;

  /// Where there is a cache, states are taken from it, and kept there where `keep` is called.
  explicit PromptReader(LayerwiseModel model, PromptStateCache* cache = nullptr)
      : model_(std::move(model)), cache_(cache) {}

  /// From now on the prompts begin with this prefix, which is computed once, when it is first needed.
  void begin_with(std::span<const Token> prefix, std::vector<std::size_t> mean_layers);

  /// The prompts' states, with the difference between the answers if `difference` is set. Throws Error{usage} for a
  /// token that is not in the vocabulary or a prompt that does not begin with the prefix and go on after it,
  /// Error{engine} for numbers that are not finite.
  [[nodiscard]] std::vector<PromptState> read(std::span<const TokenizedSample* const> samples, bool difference);

  /// Leaves a state to whoever reads this prompt next.
  void keep(const TokenizedSample& sample, PromptState state);

  [[nodiscard]] LayerwiseModel& model() noexcept { return model_; }
  [[nodiscard]] const LayerwiseModel& model() const noexcept { return model_; }
  [[nodiscard]] const PromptPass& pass() const noexcept { return pass_; }

 private:
  void compute_prefix();
  void check(const TokenizedSample& sample) const;
  void compute(std::span<const TokenizedSample* const> samples, bool difference, std::span<PromptState* const> states);

  LayerwiseModel model_;
  PromptStateCache* cache_;
  std::vector<Token> prefix_;
  PromptPass pass_;
  bool prefix_is_computed_ = false;
  KeyValues prefix_key_values_;
  std::map<std::size_t, std::vector<double>>
      prefix_sums_;  // by layer, over the prefix's tokens, where means are wanted
};

/// A reader for each thread (0: one a core), all beginning with what the samples' prompts have in common. Throws
/// Error{model} as LayerwiseModel does.
[[nodiscard]] std::vector<PromptReader> make_prompt_readers(const Model& model, int threads,
                                                            std::span<const TokenizedSample> samples,
                                                            const std::vector<std::size_t>& mean_layers = {},
                                                            PromptStateCache* cache = nullptr);

/// logit(+) - logit(-) of a row that has passed the last layer. Throws Error{engine} if it is not finite.
[[nodiscard]] float propensity(LayerwiseModel& model, std::span<const float> row, const TokenizedSample& sample);

}  // namespace w2s
