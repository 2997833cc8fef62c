#include "engine/llama_family.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include "w2s/base.h"

namespace w2s::engine {
namespace {

struct Architecture {
  std::string_view name;
  RotaryPairs rotary_pairs;
  bool has_head_norms;
  bool has_rotary_factors;
  bool has_output_bias;
};

// As llama.cpp computes them.
constexpr std::array architectures = {
    Architecture{"llama", RotaryPairs::neighbours, false, true, false},
    Architecture{"qwen2", RotaryPairs::halves, false, false, true},
    Architecture{"qwen3", RotaryPairs::halves, true, false, false},
};

// Why a header is not understood.
struct Refusal {
  std::string reason;
};

template <typename... Arguments>
[[noreturn]] void refuse(fmt::format_string<Arguments...> text, Arguments&&... arguments) {
  throw Refusal{fmt::format(text, std::forward<Arguments>(arguments)...)};
}

// Everything that is asked for is known; what is left over is not.
class HeaderReader {
 public:
  HeaderReader(const GgufHeader& header, std::string_view architecture) : header_(header), prefix_(architecture) {
    prefix_ += '.';
    for (auto& key : header.keys())
      if (key.starts_with(prefix_)) unknown_keys_.insert(std::move(key));
    for (auto& name : header.tensors()) unknown_tensors_.insert(std::move(name));
  }

  [[nodiscard]] std::optional<double> number_if_any(std::string_view key) {
    const auto whole = known(key);
    const auto value = header_.number(whole);
    if (!value && was_there_) refuse("'{}' is not a number", whole);
    return value;
  }

  [[nodiscard]] double number(std::string_view key) {
    const auto value = number_if_any(key);
    if (!value) refuse("there is no '{}{}'", prefix_, key);
    return *value;
  }

  [[nodiscard]] std::size_t count(std::string_view key) { return static_cast<std::size_t>(number(key)); }

  [[nodiscard]] std::size_t count_or(std::string_view key, std::size_t otherwise) {
    const auto value = number_if_any(key);
    return value ? static_cast<std::size_t>(*value) : otherwise;
  }

  [[nodiscard]] std::optional<std::string> text_if_any(std::string_view key) {
    const auto whole = known(key);
    auto value = header_.text(whole);
    if (!value && was_there_) refuse("'{}' is not a text", whole);
    return value;
  }

  // What is there and changes nothing that is computed.
  void ignore(std::string_view key) { static_cast<void>(known(key)); }

  [[nodiscard]] WeightMatrix matrix_if_any(const std::string& name, std::size_t outputs, std::size_t inputs) {
    if (unknown_tensors_.erase(name) == 0) return {};
    const auto shape = header_.shape(name);
    if (!shape || shape->inputs != inputs || shape->outputs != outputs) refuse("tensor '{}' has another shape", name);
    if (!is_readable(shape->type)) refuse("tensor '{}' has weights of a type that cannot be read", name);
    return *shape;
  }

  [[nodiscard]] WeightMatrix matrix(const std::string& name, std::size_t outputs, std::size_t inputs) {
    const auto found = matrix_if_any(name, outputs, inputs);
    if (found.inputs == 0) refuse("there is no tensor '{}'", name);
    return found;
  }

  [[nodiscard]] LinearWeights linear(const std::string& name, std::size_t outputs, std::size_t inputs) {
    return {.weight = matrix(name + ".weight", outputs, inputs), .bias = matrix_if_any(name + ".bias", 1, outputs)};
  }

  void refuse_what_is_unknown() const {
    if (!unknown_keys_.empty()) refuse("setting '{}' is not known", *unknown_keys_.begin());
    if (!unknown_tensors_.empty()) refuse("tensor '{}' is not known", *unknown_tensors_.begin());
  }

 private:
  std::string known(std::string_view key) {
    auto whole = prefix_ + std::string(key);
    was_there_ = unknown_keys_.erase(whole) != 0;
    return whole;
  }

  const GgufHeader& header_;
  std::string prefix_;
  std::set<std::string> unknown_keys_;
  std::set<std::string> unknown_tensors_;
  bool was_there_ = false;
};

// llama.cpp's rules: linear scaling unless told otherwise, by the inverse of the factor.
double rotary_scale(HeaderReader& reader) {
  const auto type = reader.text_if_any("rope.scaling.type").value_or("linear");
  const auto older_name = reader.number_if_any("rope.scale_linear");
  const auto factor = reader.number_if_any("rope.scaling.factor");
  const double divisor = factor ? *factor : older_name.value_or(0);
  if (type != "none" && type != "linear") refuse("RoPE scaling of type '{}' is not known", type);
  return type == "none" || divisor == 0 ? 1.0 : 1.0 / divisor;
}

LlamaShape read_shape(HeaderReader& reader, const Architecture& architecture) {
  LlamaShape shape;
  shape.layers = reader.count("block_count");
  shape.width = reader.count("embedding_length");
  shape.feed_forward = reader.count("feed_forward_length");
  shape.heads = reader.count("attention.head_count");
  shape.kv_heads = reader.count_or("attention.head_count_kv", shape.heads);
  if (shape.heads == 0 || shape.kv_heads == 0 || shape.heads % shape.kv_heads != 0)
    refuse("{} heads and {} for keys do not fit", shape.heads, shape.kv_heads);
  shape.head_width = reader.count_or("attention.key_length", shape.width / shape.heads);
  if (reader.count_or("attention.value_length", shape.width / shape.heads) != shape.head_width)
    refuse("heads have keys and values of different width");
  if (reader.count_or("rope.dimension_count", shape.head_width) != shape.head_width || shape.head_width % 2 != 0)
    refuse("RoPE turns only a part of each head");
  shape.norm_epsilon = static_cast<float>(reader.number("attention.layer_norm_rms_epsilon"));
  shape.rotary_pairs = architecture.rotary_pairs;
  shape.rotary_base = reader.number_if_any("rope.freq_base").value_or(10000.0);
  shape.rotary_scale = rotary_scale(reader);
  if (reader.number_if_any("attention.causal").value_or(1) != 1) refuse("attention is not causal");
  if (reader.number_if_any("expert_count").value_or(0) != 0) refuse("it is a mixture of experts");
  if (reader.number_if_any("expert_used_count").value_or(0) != 0) refuse("it is a mixture of experts");
  for (const auto* key :
       {"context_length", "vocab_size", "rope.scaling.original_context_length", "rope.scaling.finetuned"})
    reader.ignore(key);
  return shape;
}

LlamaLayer read_layer(HeaderReader& reader, const LlamaShape& shape, const Architecture& architecture,
                      std::size_t index) {
  const auto name = [&](std::string_view part) { return fmt::format("blk.{}.{}", index, part); };
  LlamaLayer layer;
  layer.attention_norm = reader.matrix(name("attn_norm.weight"), 1, shape.width);
  layer.query = reader.linear(name("attn_q"), shape.query_width(), shape.width);
  layer.key = reader.linear(name("attn_k"), shape.kv_width(), shape.width);
  layer.value = reader.linear(name("attn_v"), shape.kv_width(), shape.width);
  layer.attention_output = reader.linear(name("attn_output"), shape.width, shape.query_width());
  if (architecture.has_head_norms) {
    layer.query_norm = reader.matrix(name("attn_q_norm.weight"), 1, shape.head_width);
    layer.key_norm = reader.matrix(name("attn_k_norm.weight"), 1, shape.head_width);
  }
  layer.feed_forward_norm = reader.matrix(name("ffn_norm.weight"), 1, shape.width);
  layer.gate = reader.linear(name("ffn_gate"), shape.feed_forward, shape.width);
  layer.up = reader.linear(name("ffn_up"), shape.feed_forward, shape.width);
  layer.down = reader.linear(name("ffn_down"), shape.width, shape.feed_forward);
  return layer;
}

LlamaWeights read(const GgufHeader& header) {
  const auto name = header.text("general.architecture").value_or("");
  const auto* const architecture = std::ranges::find(architectures, name, &Architecture::name);
  if (architecture == architectures.end()) refuse("architecture '{}' is not known", name);
  if (header.number("split.count").value_or(1) > 1) refuse("it is split into several files");

  HeaderReader reader(header, name);
  LlamaWeights weights;
  weights.shape = read_shape(reader, *architecture);
  auto& shape = weights.shape;
  const auto embeddings = header.shape("token_embd.weight");
  if (!embeddings) refuse("there is no tensor 'token_embd.weight'");
  shape.vocabulary = embeddings->outputs;
  weights.embeddings = reader.matrix("token_embd.weight", shape.vocabulary, shape.width);
  if (architecture->has_rotary_factors)
    weights.rotary_factors = reader.matrix_if_any("rope_freqs.weight", 1, shape.head_width / 2);
  for (std::size_t layer = 0; layer < shape.layers; ++layer)
    weights.layers.push_back(read_layer(reader, shape, *architecture, layer));
  weights.output_norm = reader.matrix("output_norm.weight", 1, shape.width);
  weights.output.weight = reader.matrix_if_any("output.weight", shape.vocabulary, shape.width);
  if (architecture->has_output_bias) weights.output.bias = reader.matrix_if_any("output.bias", 1, shape.vocabulary);
  reader.refuse_what_is_unknown();
  return weights;
}

// Gives each matrix that the header has its data.
class DataReader {
 public:
  DataReader(const GgufHeader& header, const MappedFile& file, const std::string& file_name)
      : header_(header), file_(file), file_name_(file_name) {}

  void operator()(const std::string& name, WeightMatrix& matrix) const {
    if (matrix.inputs == 0) return;
    const std::size_t begin = header_.offset(name);
    const std::size_t bytes = matrix.outputs * matrix.row_bytes();
    if (begin > file_.bytes().size() || bytes > file_.bytes().size() - begin)
      throw Error(ErrorKind::model, fmt::format("{}: is truncated: tensor '{}' is not whole", file_name_, name));
    matrix.data = file_.bytes().data() + begin;
  }

  void operator()(const std::string& name, LinearWeights& linear) const {
    (*this)(name + ".weight", linear.weight);
    (*this)(name + ".bias", linear.bias);
  }

 private:
  const GgufHeader& header_;
  const MappedFile& file_;
  const std::string& file_name_;
};

void read_data(const DataReader& read, std::size_t index, LlamaLayer& layer) {
  const auto name = [&](std::string_view part) { return fmt::format("blk.{}.{}", index, part); };
  read(name("attn_norm.weight"), layer.attention_norm);
  read(name("attn_q"), layer.query);
  read(name("attn_k"), layer.key);
  read(name("attn_v"), layer.value);
  read(name("attn_output"), layer.attention_output);
  read(name("attn_q_norm.weight"), layer.query_norm);
  read(name("attn_k_norm.weight"), layer.key_norm);
  read(name("ffn_norm.weight"), layer.feed_forward_norm);
  read(name("ffn_gate"), layer.gate);
  read(name("ffn_up"), layer.up);
  read(name("ffn_down"), layer.down);
}

}  // namespace

LlamaReading read_llama_header(const GgufHeader& header) {
  try {
    return {.weights = read(header)};
  } catch (const Refusal& refusal) {
    return {.reason = refusal.reason};
  }
}

LlamaWeights read_llama_weights(const GgufHeader& header, const MappedFile& file, const std::string& file_name) {
  auto reading = read_llama_header(header);
  if (!reading.weights) throw Error(ErrorKind::model, fmt::format("{}: {}", file_name, reading.reason));
  auto weights = std::move(*reading.weights);
  const DataReader read(header, file, file_name);
  read("token_embd.weight", weights.embeddings);
  read("rope_freqs.weight", weights.rotary_factors);
  for (std::size_t layer = 0; layer < weights.layers.size(); ++layer) read_data(read, layer, weights.layers[layer]);
  read("output_norm.weight", weights.output_norm);
  read("output", weights.output);
  if (!weights.output.weight.is_there()) weights.output.weight = weights.embeddings;
  return weights;
}

}  // namespace w2s::engine
