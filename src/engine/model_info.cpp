// A model's shape, from its file's header alone.
#include <fmt/format.h>
#include <gguf.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <unordered_set>

#include "engine/backend.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

struct FreeGguf {
  void operator()(gguf_context* context) const { gguf_free(context); }
};

// Typed access to GGUF metadata; a key of another type counts as absent.
class Metadata {
 public:
  explicit Metadata(const gguf_context* gguf) : gguf_(gguf) {}

  [[nodiscard]] std::optional<std::string> text(const std::string& key) const {
    const auto id = gguf_find_key(gguf_, key.c_str());
    if (id < 0 || gguf_get_kv_type(gguf_, id) != GGUF_TYPE_STRING) return std::nullopt;
    return gguf_get_val_str(gguf_, id);
  }

  [[nodiscard]] std::optional<std::uint32_t> number(const std::string& key) const {
    const auto id = gguf_find_key(gguf_, key.c_str());
    if (id < 0 || gguf_get_kv_type(gguf_, id) != GGUF_TYPE_UINT32) return std::nullopt;
    return gguf_get_val_u32(gguf_, id);
  }

  [[nodiscard]] std::optional<bool> flag(const std::string& key) const {
    const auto id = gguf_find_key(gguf_, key.c_str());
    if (id < 0 || gguf_get_kv_type(gguf_, id) != GGUF_TYPE_BOOL) return std::nullopt;
    return gguf_get_val_bool(gguf_, id);
  }

  [[nodiscard]] std::size_t length(const std::string& key) const {
    const auto id = gguf_find_key(gguf_, key.c_str());
    return id < 0 || gguf_get_kv_type(gguf_, id) != GGUF_TYPE_ARRAY ? 0 : gguf_get_arr_n(gguf_, id);
  }

 private:
  const gguf_context* gguf_;
};

// llama.cpp asserts these while it loads, which would end the process.
void check_what_llama_asserts(const std::filesystem::path& path, const gguf_context* gguf, const Metadata& metadata,
                              const ModelInfo& info) {
  constexpr std::size_t most_layers = 512;
  constexpr std::size_t most_experts = 512;
  constexpr std::array<std::string_view, 4> rope_scalings = {"none", "linear", "yarn", "longrope"};
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::model, fmt::format("{}: {}", path.string(), why));
  };
  if (info.layers > most_layers) refuse(fmt::format("claims {} layers, llama.cpp allows {}", info.layers, most_layers));
  const auto experts = metadata.number(info.architecture + ".expert_count").value_or(0);
  if (experts > most_experts) refuse(fmt::format("claims {} experts, llama.cpp allows {}", experts, most_experts));
  const auto scaling = metadata.text(info.architecture + ".rope.scaling.type").value_or("none");
  if (std::ranges::find(rope_scalings, scaling) == rope_scalings.end())
    refuse(fmt::format("has an unknown RoPE scaling type '{}'", scaling));

  const auto id = gguf_find_key(gguf, "tokenizer.ggml.tokens");
  if (id < 0 || gguf_get_kv_type(gguf, id) != GGUF_TYPE_ARRAY || gguf_get_arr_type(gguf, id) != GGUF_TYPE_STRING)
    return;
  std::unordered_set<std::string_view> tokens;
  for (std::size_t i = 0; i < gguf_get_arr_n(gguf, id); ++i) {
    const std::string_view token = gguf_get_arr_str(gguf, id, i);
    if (!tokens.insert(token).second) refuse(fmt::format("has the token '{}' twice", token));
  }
}

// Where there is no output matrix, the token embeddings are that as well.
std::uint64_t lookup_parameters(ggml_context* tensors) {
  const auto* embeddings = ggml_get_tensor(tensors, "token_embd.weight");
  const bool is_output_too = ggml_get_tensor(tensors, "output.weight") == nullptr;
  return embeddings == nullptr || is_output_too ? 0 : static_cast<std::uint64_t>(ggml_nelements(embeddings));
}

void describe_weights(const ggml_context* tensors, ModelInfo& info) {
  std::map<ggml_type, std::uint64_t> bytes_by_type;
  for (ggml_tensor* tensor = ggml_get_first_tensor(tensors); tensor != nullptr;
       tensor = ggml_get_next_tensor(tensors, tensor)) {
    info.parameters += static_cast<std::uint64_t>(ggml_nelements(tensor));
    bytes_by_type[tensor->type] += ggml_nbytes(tensor);
  }
  std::uint64_t most = 0;
  for (const auto& [type, bytes] : bytes_by_type) {
    info.bytes += bytes;
    info.is_quantized = info.is_quantized || ggml_is_quantized(type);
    if (bytes <= most) continue;
    most = bytes;
    info.weight_type = ggml_type_name(type);
  }
  for (auto& letter : info.weight_type) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
}

}  // namespace

ModelInfo inspect_model(const std::filesystem::path& path) {
  engine::initialize_backend();
  if (!std::filesystem::exists(path)) throw Error(ErrorKind::model, fmt::format("{}: no such file", path.string()));
  if (std::filesystem::is_directory(path))
    throw Error(ErrorKind::model, fmt::format("{}: is a folder, not a GGUF model file", path.string()));

  const engine::LoggedErrors errors;
  ggml_context* tensors = nullptr;
  const std::unique_ptr<gguf_context, FreeGguf> gguf(
      gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = &tensors}));
  if (!gguf) {
    throw Error(ErrorKind::model, fmt::format("{}: not a GGUF file, or truncated ({})", path.string(),
                                              errors.first_or("its header cannot be read")));
  }
  const std::unique_ptr<ggml_context, decltype(&ggml_free)> owned(tensors, &ggml_free);

  const Metadata metadata(gguf.get());
  ModelInfo info;
  info.architecture = metadata.text("general.architecture").value_or("");
  if (info.architecture.empty())
    throw Error(ErrorKind::model, fmt::format("{}: has no general.architecture; not a model", path.string()));
  const auto of_architecture = [&](const char* key) { return info.architecture + "." + key; };
  info.name = metadata.text("general.name").value_or("");
  info.layers = metadata.number(of_architecture("block_count")).value_or(0);
  info.width = metadata.number(of_architecture("embedding_length")).value_or(0);
  info.training_context = metadata.number(of_architecture("context_length")).value_or(0);
  info.vocabulary = metadata.length("tokenizer.ggml.tokens");
  info.has_chat_template = metadata.text("tokenizer.chat_template").has_value();
  info.is_embedding_model = !metadata.flag(of_architecture("attention.causal")).value_or(true) ||
                            metadata.number(of_architecture("pooling_type")).value_or(0) != 0;
  if (info.layers == 0 || info.width == 0) {
    throw Error(ErrorKind::model, fmt::format("{}: holds no language model (architecture '{}' without layers)",
                                              path.string(), info.architecture));
  }
  check_what_llama_asserts(path, gguf.get(), metadata, info);
  describe_weights(owned.get(), info);
  info.lookup_parameters = lookup_parameters(owned.get());
  info.description = fmt::format("{} {}", info.name.empty() ? info.architecture : info.name, info.weight_type);
  return info;
}

}  // namespace w2s
