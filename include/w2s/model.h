// GGUF models and files: a language model and its text, embedding models, other machines that hold layers, tensors.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "w2s/base.h"

namespace w2s {

// Versions of this library and of what its numbers depend on.

/// This library's version, for instance "0.1.0".
[[nodiscard]] std::string_view version();

/// The version of the llama.cpp it is linked to.
[[nodiscard]] std::string_view llama_version();

/// The machine's processor and number of cores, for the record.
[[nodiscard]] std::string machine_description();

// llama.cpp's RPC backend: layers of a model on other machines.

/// Adds the devices of RPC servers ("HOST:PORT", llama.cpp's or `w2s rpc-server`) to those that models are loaded onto
/// from then on, each server once. Throws Error{usage} for what is not HOST:PORT, Error{network} for a server that
/// does not answer, or if w2s was built without. A server that is lost later ends the process: llama.cpp cannot go on.
void add_rpc_servers(std::span<const std::string> servers);

/// Serves this machine's devices (its GPUs, without one its CPU) at "HOST:PORT", to one client after the other, until
/// the process is killed. There is no protection: whoever reaches the port can use the machine. Returns only by
/// throwing: Error{network} if the port cannot be listened at.
[[noreturn]] void serve_rpc(const std::string& endpoint, int threads);

// A GGUF language model: its shape, its tokenizer and its chat template.

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

// Embedding models as GGUF files: BERT and its relatives (nomic, bge, MiniLM and others), and decoders trained to
// embed.

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

// GGUF files as plain values: metadata and F32 tensors by name.

/// A dense array of one to four dimensions, the last one contiguous (C order). GGUF stores dimensions in the opposite
/// order and does not keep leading ones of length 1: a shape (1, 5) is read back as (5), a scalar as (1), an array
/// without values as (0).
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

using MetadataValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                   std::vector<double>, std::vector<std::string>>;

/// A GGUF file in memory.
struct TensorFile {
  std::map<std::string, MetadataValue> metadata;
  std::map<std::string, Tensor> tensors;
};

/// Reads a GGUF file whose tensors are F32 or F16. Integers and floating-point numbers of every width are widened.
/// An array of booleans becomes integers; general.alignment, which is the file's layout, is left out.
/// Throws Error{io} if the file cannot be opened, Error{data} if it is not GGUF, truncated, or has other tensor types.
[[nodiscard]] TensorFile read_tensor_file(const std::filesystem::path& path);

/// Writes GGUF; the file appears whole or not at all. Integers become 32 bits wide where they fit (what llama.cpp's
/// readers expect), floating-point numbers F32. Throws Error{io}; Error{usage} for what GGUF cannot hold: a zero byte
/// in a text, an empty key, a tensor name of 64 characters or more, more than four dimensions, a shape of another size
/// than the values.
void write_tensor_file(const std::filesystem::path& path, const TensorFile& file);

/// What the file has under a key, where it is of this type; else null.
template <typename Value>
[[nodiscard]] const Value* find_value(const TensorFile& file, std::string_view key) {
  const auto found = file.metadata.find(std::string(key));
  return found == file.metadata.end() ? nullptr : std::get_if<Value>(&found->second);
}

/// The text under a key; empty where there is none.
[[nodiscard]] std::string text_or_empty(const TensorFile& file, std::string_view key);

/// A view that takes out of a file what must be in it. It says what is missing, or of another kind, to `refusal`, which
/// throws the error that such a file has.
class TensorFileReader {
 public:
  using Refusal = std::function<void(const std::string& what)>;
  TensorFileReader(const TensorFile& file, Refusal refusal) : file_(file), refusal_(std::move(refusal)) {}

  [[nodiscard]] bool has(std::string_view key) const { return file_.metadata.contains(std::string(key)); }
  template <typename Value>
  [[nodiscard]] const Value& get(std::string_view key) const {
    const auto* value = find_value<Value>(file_, key);
    if (value == nullptr) refuse_key(key);
    return *value;
  }
  /// A number that is not negative.
  [[nodiscard]] std::size_t size(std::string_view key) const;
  [[nodiscard]] std::vector<std::size_t> sizes(std::string_view key) const;

  [[nodiscard]] const Tensor& tensor(std::string_view name) const;
  /// With the leading dimensions of 1 that GGUF drops.
  [[nodiscard]] Tensor tensor(std::string_view name, std::size_t dimensions) const;

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  [[noreturn]] void refuse_key(std::string_view key) const;
  [[nodiscard]] std::size_t checked_size(std::string_view key, std::int64_t value) const;

  const TensorFile& file_;
  Refusal refusal_;
};

}  // namespace w2s
