// A GGUF language model: its shape, its tokenizer and its chat template.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/chat_message.h"

namespace w2s {

using Token = std::int32_t;

struct ModelOptions {
  int gpu_layers = -1;        ///< layers on the GPU (llama.cpp's -ngl); -1: as many as fit, 0: none
  std::string chat_template;  ///< a Jinja template to use instead of the model's own
  bool use_mmap = true;
  /// HOST:PORT of machines that hold layers too, as for add_rpc_servers, which loading does first.
  std::vector<std::string> rpc_servers = {};
};

/// What a model file says about itself.
struct ModelInfo {
  std::string architecture;  ///< GGUF's general.architecture, for instance "llama"
  std::string name;
  std::string description;  ///< llama.cpp's, for instance "llama 135M all F32"
  std::string weight_type;  ///< for instance "F32" or "Q4_1"
  std::size_t layers = 0;   ///< L: decoder layers
  std::size_t width = 0;    ///< d: width of the residual stream
  std::size_t vocabulary = 0;
  std::size_t training_context = 0;  ///< tokens
  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;
  bool has_chat_template = false;
  bool is_embedding_model = false;
  /// Weights are quantised. llama.cpp then quantises activations too, so that numbers depend on the batch's shape.
  bool is_quantized = false;
  bool on_gpu = false;  ///< loaded onto a GPU, at least in part
  /// Of `parameters`, those in a table that tokens are looked up in and never multiplied with: the token embeddings,
  /// where they are not the output matrix as well.
  std::uint64_t lookup_parameters = 0;
};

namespace engine {
struct ModelHandle;
}

/// A loaded model. Cheap to copy: copies share the weights, which are read-only.
class Model {
 public:
  /// Loads a GGUF file. Throws Error{model} if the file is missing, truncated or of an unknown architecture.
  [[nodiscard]] static Model load(const std::filesystem::path& path, const ModelOptions& options = {});

  [[nodiscard]] const ModelInfo& info() const noexcept;
  [[nodiscard]] const std::filesystem::path& path() const noexcept;

  /// Tokens of a formatted prompt: BOS once, where the tokenizer wants it; control tokens in the text are parsed.
  [[nodiscard]] std::vector<Token> tokenize(std::string_view text) const;
  /// The text of tokens, control tokens included.
  [[nodiscard]] std::string text(std::span<const Token> tokens) const;
  /// What a reader sees of a token, which may end within a character: nothing of a control token.
  [[nodiscard]] std::string visible_text(Token token) const;
  /// Whether generation ends with this token.
  [[nodiscard]] bool is_end_of_generation(Token token) const;

  /// The text up to where the assistant's answer begins, by the model's own Jinja template. A last message of the
  /// assistant is begun and left open. A template without a system role gets the system message before the first user
  /// message; a model without a template gets the contents, a blank line between two. Templates see a fixed date, so
  /// that the same conversation is always the same text. Throws Error{model} if the template fails.
  [[nodiscard]] std::string chat_prompt(std::span<const ChatMessage> messages) const;

  /// For the engine's own files.
  [[nodiscard]] const engine::ModelHandle& handle() const noexcept { return *handle_; }

 private:
  explicit Model(std::shared_ptr<const engine::ModelHandle> handle) : handle_(std::move(handle)) {}
  std::shared_ptr<const engine::ModelHandle> handle_;
};

/// Reads a model's shape from its file's header without loading the weights. Throws Error{model}.
[[nodiscard]] ModelInfo inspect_model(const std::filesystem::path& path);

/// Writes a model's weights as F32, which is what measures best (llama.cpp's llama_model_quantize with
/// allow_requantize). The output appears whole or not at all. Throws Error{model} or Error{io}.
void convert_to_f32(const std::filesystem::path& input, const std::filesystem::path& output, int threads);

}  // namespace w2s
