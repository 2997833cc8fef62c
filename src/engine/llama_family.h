// Architectures that are Llama's in all but details: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/mapped_weights.h"
#include "w2s/model.h"

namespace w2s::engine {

/// A product with weights, and what is added to it, if anything.
struct LinearWeights {
  WeightMatrix weight;
  WeightMatrix bias;
};

struct LlamaLayer {
  WeightMatrix attention_norm;
  LinearWeights query, key, value, attention_output;
  WeightMatrix query_norm, key_norm;  ///< over each head; may be missing
  WeightMatrix feed_forward_norm;
  LinearWeights gate, up, down;
};

enum class RotaryPairs {
  neighbours,  ///< values 2i and 2i + 1 of a head turn together
  halves       ///< values i and i + half a head's width
};

struct LlamaShape {
  std::size_t layers = 0;
  std::size_t width = 0;
  std::size_t heads = 0;
  std::size_t kv_heads = 0;
  std::size_t head_width = 0;
  std::size_t feed_forward = 0;
  std::size_t vocabulary = 0;
  float norm_epsilon = 0;
  RotaryPairs rotary_pairs = RotaryPairs::neighbours;
  double rotary_base = 10000;
  double rotary_scale = 1;  ///< of positions

  [[nodiscard]] std::size_t query_width() const noexcept { return heads * head_width; }
  [[nodiscard]] std::size_t kv_width() const noexcept { return kv_heads * head_width; }
};

struct LlamaWeights {
  LlamaShape shape;
  WeightMatrix embeddings;
  WeightMatrix rotary_factors;  ///< what each frequency is divided by; may be missing
  std::vector<LlamaLayer> layers;
  WeightMatrix output_norm;
  LinearWeights output;
};

/// What a file's header says, or why it is not understood: an architecture, tensor or setting that is not known here is
/// a reason, because it could change the numbers. Weights have no data yet.
struct LlamaReading {
  std::optional<LlamaWeights> weights = {};
  std::string reason = {};
};
[[nodiscard]] LlamaReading read_llama_header(const GgufHeader& header);

/// The same with the data of all weights, which are in `file`. Throws Error{model} if there is a reason against it.
[[nodiscard]] LlamaWeights read_llama_weights(const GgufHeader& header, const MappedFile& file,
                                              const std::string& file_name);

}  // namespace w2s::engine
