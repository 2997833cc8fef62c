// Embedding models as GGUF files: BERT and its relatives (nomic, bge, MiniLM and others), and decoders trained to
// embed.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "w2s/text_encoder.h"

namespace w2s {

/// How the last layer's outputs at all tokens become one vector: their mean, or the first (CLS) or last one's.
enum class EmbeddingPooling { mean, cls, last };

/// "mean", "cls" or "last".
[[nodiscard]] std::string to_string(EmbeddingPooling pooling);
/// The inverse. Throws Error{usage} that says which names exist.
[[nodiscard]] EmbeddingPooling parse_embedding_pooling(std::string_view name);

struct EmbeddingModelOptions {
  std::optional<EmbeddingPooling> pooling = {};  ///< instead of what the file says
  /// Longer texts are cut, with a warning; the model's own context is a limit as well.
  std::size_t most_tokens = 2048;
  /// Texts decoded at once, at most. With 1 an embedding depends on its text alone, so that work which is interrupted
  /// and resumed gives the same numbers. With more, the others change how sums are rounded, and llama.cpp's GELU, a
  /// table of F16 numbers, makes that differences of up to about 1e-3; a GPU then is busier.
  std::size_t texts_per_batch = 1;
  int threads = 0;      ///< 0: one a core
  int gpu_layers = -1;  ///< as in ModelOptions
};

/// A model that embeds texts as they are: control tokens in them are text, and a prefix that a model was trained with
/// ("search_query: ", for instance) is the caller's to add.
class EmbeddingModel final : public TextEncoder {
 public:
  /// Loads a GGUF file. Throws Error{model} if it cannot be loaded, has no tokenizer, is a reranker, recurrent or an
  /// encoder with a decoder, or does not say how it pools and `options.pooling` does not either. A chat model is of the
  /// last kind: it embeds once a pooling is chosen, though its own layers (PromptEncoder) cost nothing.
  explicit EmbeddingModel(const std::filesystem::path& path, const EmbeddingModelOptions& options = {});
  ~EmbeddingModel() override;

  /// "gguf:<file name without .gguf>:<pooling>"
  [[nodiscard]] std::string name() const override;
  /// The name with the SHA-256 of the file.
  [[nodiscard]] std::string identity() const override;
  [[nodiscard]] std::size_t width() const override;
  [[nodiscard]] EmbeddingPooling pooling() const;
  /// Throws Error{data} for a text without any token, Error{engine} if the engine fails or the embeddings are not
  /// finite.
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job& job) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s
