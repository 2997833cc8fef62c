// Prompt encoders by the names that users write: layers of the steered model, embedding models, or the best of them.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "w2s/embedding_model.h"
#include "w2s/text_encoder.h"

namespace w2s {

enum class EncoderKind {
  own_layer,  ///< a layer of the steered model, which the sweep records ("middle-last", "layer7-mean")
  gguf,       ///< an EmbeddingModel ("gguf:PATH.gguf", with ":mean", ":cls" or ":last")
  remote,     ///< RemoteEmbeddings ("remote:MODEL", with ":DIMENSIONS")
  best,       ///< the one that cross-validation likes best ("auto")
};

/// What a predictor is to see prompts through.
struct EncoderChoice {
  EncoderKind kind = EncoderKind::own_layer;
  std::string model;                             ///< the layer's name, the path of the file, or the server's model
  std::optional<EmbeddingPooling> pooling = {};  ///< instead of what the file says (gguf)
  std::size_t dimensions = 0;                    ///< 0: the model's own (remote)

  bool operator==(const EncoderChoice&) const = default;
};

/// Throws Error{usage} that says which names there are. Whether the model has a layer is not looked at.
[[nodiscard]] EncoderChoice parse_encoder_choice(std::string_view name);

/// Free of folders: "gguf:<file name without .gguf>", with the pooling where one was chosen; else as it is parsed.
[[nodiscard]] std::string to_string(const EncoderChoice& choice);

/// The inverse of parse_encoder_choice: with the path of a file.
[[nodiscard]] std::string with_path(const EncoderChoice& choice);

/// Whether it is an embedding model, which reads a prompt as text.
[[nodiscard]] bool embeds_text(const EncoderChoice& choice);

/// Whether an encoder of that name (TextEncoder::name, or a layer's) is what was asked for; of a file whose pooling was
/// not chosen, each pooling is.
[[nodiscard]] bool is_choice(const EncoderChoice& choice, std::string_view encoder);

struct TextEncoderOptions {
  int threads = 0;      ///< 0: one a core
  int gpu_layers = -1;  ///< as in ModelOptions
};

/// An EmbeddingModel, or RemoteEmbeddings with URL and key of the environment. Throws what they do, and Error{usage}
/// for a choice that does not embed text.
[[nodiscard]] std::unique_ptr<TextEncoder> open_text_encoder(const EncoderChoice& choice,
                                                             const TextEncoderOptions& options = {});

}  // namespace w2s
