// Tiny chat models with random weights, in the shape of real ones: what the tests decode.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>

#include "w2s/model.h"

namespace w2s::test {

/// The shape of a decoder. Its tokenizer takes bytes: token b is the byte b for b < 256, then come the control tokens.
struct TinyModelShape {
  std::string architecture = "llama";  ///< "llama", "qwen2", "qwen3" or "plamo2"
  std::size_t layers = 4;
  std::size_t width = 32;
  std::size_t heads = 4;
  std::size_t kv_heads = 2;
  std::size_t feed_forward = 64;
  std::size_t context = 512;  ///< tokens
  std::uint32_t seed = 1;
  bool with_chat_template = true;
  bool begins_with_bos = true;  ///< whether the tokenizer puts <s> before every text

  // What some models of the llama architecture have.
  std::size_t head_width = 0;     ///< 0: width / heads
  bool has_biases = false;        ///< in every product with weights of a layer
  bool is_tied = false;           ///< the token embeddings are the output matrix as well
  bool has_rope_factors = false;  ///< that frequencies of RoPE are divided by
  double rope_scaling = 0;        ///< factor of linear scaling; 0: none
};

inline constexpr std::int32_t im_start_token = 256;  ///< <|im_start|>
inline constexpr std::int32_t im_end_token = 257;    ///< <|im_end|>, ends a generation
inline constexpr std::int32_t bos_token = 258;       ///< <s>
inline constexpr std::size_t tiny_vocabulary = 259;

/// The model of tests/fixtures/tiny_llama.expected.json: 4 layers.
[[nodiscard]] TinyModelShape tiny_llama();
/// The depth of Llama-2-7B-Chat.
[[nodiscard]] TinyModelShape llama_like_32_layers();
/// The depth of Qwen1.5-14B-Chat (in GGUF: qwen2), no BOS, biases on queries, keys and values.
[[nodiscard]] TinyModelShape qwen2_like_40_layers();
/// A chat model that cannot be steered: llama.cpp's graph for PLaMo-2 has no node `l_out`.
[[nodiscard]] TinyModelShape model_without_layer_outputs();

/// Weights are uniform in [-a, a): for element i (C order) of the tensor that is t-th in the order of names,
/// a * (hash(hash(hash(seed) + t) + i) / 2^31 - 1), hash being Wellons' lowbias32, a = sqrt(3 / inputs) for a matrix,
/// 1 for the embeddings, 0.1 for biases and for norms, which are around 1 instead of 0. Computed in double, rounded to
/// float. tests/fixtures/tiny_llama_reference.py repeats it.
[[nodiscard]] TensorFile tiny_model(const TinyModelShape& shape);

/// An encoder without a language model head, as embedding models are.
[[nodiscard]] TensorFile tiny_bert();

void write_tiny_model(const std::filesystem::path& path, const TinyModelShape& shape);

}  // namespace w2s::test
