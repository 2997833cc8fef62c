// Ready-made ingredients of tests that decode: a model on disk, its samples and steering vectors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "w2s/data.h"
#include "w2s/decoding.h"
#include "w2s/vectors.h"

namespace w2s::test {

/// A tiny model in a folder of its own, loaded.
class LoadedTinyModel {
 public:
  explicit LoadedTinyModel(const TinyModelShape& shape);

  [[nodiscard]] const Model& model() const { return model_; }
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "model.gguf"; }

 private:
  [[nodiscard]] static Model write_and_load(const TemporaryFolder& folder, const TinyModelShape& shape);

  TemporaryFolder folder_;
  Model model_;
};

/// A behaviour with so many different questions, answered " (A)" and " (B)" in turn.
[[nodiscard]] Behavior questions(std::size_t samples);

/// A line of JSON a sample, as `questions` has them.
[[nodiscard]] std::string preference_pairs(std::size_t samples);

[[nodiscard]] std::vector<TokenizedSample> tokenized(const Model& model, const Behavior& behavior);

/// The residual stream after every layer at an answer that follows the prompt, [layers][width]: both are decoded, and
/// nothing else.
[[nodiscard]] std::vector<float> residuals_at_answer(Decoder& decoder, const TokenizedSample& sample, Token answer);

/// Different directions for every layer, of about the size of the residual stream.
[[nodiscard]] ConstantSource some_vectors(const ModelInfo& model, std::uint64_t seed = 7);

}  // namespace w2s::test
