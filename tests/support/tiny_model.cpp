#include "support/tiny_model.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>
#include <string_view>
#include <utility>
#include <vector>

namespace w2s::test {
namespace {

using Shape = std::vector<std::size_t>;

constexpr std::string_view chatml =
    "{% for message in messages %}"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}"
    "{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}";

// lowbias32 by Chris Wellons.
std::uint32_t hash(std::uint32_t x) {
  x = (x ^ (x >> 16U)) * 0x7feb352dU;
  x = (x ^ (x >> 15U)) * 0x846ca68bU;
  return x ^ (x >> 16U);
}

struct Distribution {
  double center = 0;
  double amplitude = 1;
};

Distribution distribution(std::string_view name, const Shape& shape) {
  if (name.ends_with(".bias")) return {0, 0.1};
  if (name.ends_with("ssm_a")) return {-1, 0.1};  // the state decays
  if (name.find("norm") != std::string_view::npos) return {1, 0.1};
  if (name == "rope_freqs.weight") return {2, 0.9};
  if (name.find("_embd.") != std::string_view::npos) return {0, 1};
  return {0, std::sqrt(3.0 / static_cast<double>(shape.back()))};
}

void fill(std::map<std::string, Tensor>& tensors, std::uint32_t seed) {
  std::uint32_t index = 0;
  for (auto& [name, tensor] : tensors) {
    const std::uint32_t stream = hash(hash(seed) + index++);
    const auto [center, amplitude] = distribution(name, tensor.shape);
    tensor.values.resize(
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::size_t{1}, std::multiplies<>()));
    for (std::uint32_t i = 0; i < tensor.values.size(); ++i) {
      const double uniform = static_cast<double>(hash(stream + i)) * 0x1p-31 - 1;
      tensor.values[i] = static_cast<float>(center + amplitude * uniform);
    }
  }
}

std::string utf8(std::uint32_t code_point) {
  if (code_point < 0x80) return {static_cast<char>(code_point)};
  return {static_cast<char>(0xC0U | (code_point >> 6U)), static_cast<char>(0x80U | (code_point & 0x3FU))};
}

// GPT-2's alphabet: a printable byte stands for itself, the others for the code points from 256 on.
std::vector<std::string> byte_tokens() {
  const auto is_printable = [](std::uint32_t byte) {
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
  };
  std::vector<std::string> tokens;
  std::uint32_t next = 256;
  for (std::uint32_t byte = 0; byte < 256; ++byte) tokens.push_back(utf8(is_printable(byte) ? byte : next++));
  return tokens;
}

void put(TensorFile& file, const std::string& key, MetadataValue value) {
  file.metadata.insert_or_assign(key, std::move(value));
}

void add_tokenizer(TensorFile& file, const TinyModelShape& shape) {
  constexpr std::int64_t normal = 1;
  constexpr std::int64_t control = 3;
  std::vector<std::string> tokens = byte_tokens();
  std::vector<std::int64_t> types(tokens.size(), normal);
  for (const char* token : {"<|im_start|>", "<|im_end|>", "<s>"}) {
    tokens.emplace_back(token);
    types.push_back(control);
  }
  put(file, "tokenizer.ggml.model", std::string("gpt2"));
  put(file, "tokenizer.ggml.pre", std::string("default"));
  put(file, "tokenizer.ggml.tokens", tokens);
  put(file, "tokenizer.ggml.token_type", types);
  put(file, "tokenizer.ggml.merges", std::vector<std::string>{});
  put(file, "tokenizer.ggml.bos_token_id", std::int64_t{bos_token});
  put(file, "tokenizer.ggml.eos_token_id", std::int64_t{im_end_token});
  put(file, "tokenizer.ggml.add_bos_token", shape.begins_with_bos);
  if (shape.with_chat_template) put(file, "tokenizer.chat_template", std::string(chatml));
}

class ModelFile {
 public:
  explicit ModelFile(const TinyModelShape& shape)
      : shape_(shape), head_(shape.head_width > 0 ? shape.head_width : shape.width / shape.heads) {
    put(file_, "general.architecture", shape.architecture);
    put(file_, "general.name", "tiny " + shape.architecture);
    put(file_, "general.file_type", std::int64_t{0});  // all F32
    set("context_length", shape.context);
    set("embedding_length", shape.width);
    set("block_count", shape.layers);
    set("feed_forward_length", shape.feed_forward);
    set("attention.head_count", shape.heads);
    tensor("token_embd.weight", {tiny_vocabulary, shape.width});
  }

  [[nodiscard]] TensorFile decoder() {
    set("rope.dimension_count", head_);
    put(file_, shape_.architecture + ".rope.freq_base", 10000.0);
    put(file_, shape_.architecture + ".attention.layer_norm_rms_epsilon", 1e-5);
    add_tokenizer(file_, shape_);
    tensor("output_norm.weight", {shape_.width});
    if (!shape_.is_tied) tensor("output.weight", {tiny_vocabulary, shape_.width});
    set_llama_options();
    const bool is_plamo2 = shape_.architecture == "plamo2";
    if (is_plamo2) {
      set_plamo2_mixers();
    } else {
      set("attention.head_count_kv", shape_.kv_heads);
    }
    for (std::size_t layer = 0; layer < shape_.layers; ++layer) {
      const std::string block = "blk." + std::to_string(layer) + ".";
      if (is_plamo2) {
        plamo2_block(block, layer == 0);
      } else {
        llama_block(block);
      }
    }
    fill(file_.tensors, shape_.seed);
    return std::move(file_);
  }

  [[nodiscard]] TensorFile bert() {
    put(file_, "bert.attention.layer_norm_epsilon", 1e-12);
    put(file_, "bert.attention.causal", false);
    set("pooling_type", 2);  // the first token's, CLS
    add_tokenizer(file_, shape_);
    put(file_, "tokenizer.ggml.token_type_count", std::int64_t{1});
    tensor("position_embd.weight", {shape_.context, shape_.width});
    tensor("token_types.weight", {1, shape_.width});
    layer_norm("token_embd_norm");
    for (std::size_t layer = 0; layer < shape_.layers; ++layer) bert_block("blk." + std::to_string(layer) + ".");
    fill(file_.tensors, shape_.seed);
    return std::move(file_);
  }

 private:
  void set(const std::string& key, std::size_t value) {
    put(file_, shape_.architecture + "." + key, static_cast<std::int64_t>(value));
  }

  void tensor(const std::string& name, const Shape& shape) { file_.tensors[name].shape = shape; }

  void layer_norm(const std::string& name) {
    tensor(name + ".weight", {shape_.width});
    tensor(name + ".bias", {shape_.width});
  }

  void set_llama_options() {
    if (shape_.head_width > 0) {
      set("attention.key_length", head_);
      set("attention.value_length", head_);
    }
    if (shape_.has_rope_factors) tensor("rope_freqs.weight", {head_ / 2});
    if (shape_.rope_scaling == 0) return;
    put(file_, shape_.architecture + ".rope.scaling.type", std::string("linear"));
    put(file_, shape_.architecture + ".rope.scaling.factor", shape_.rope_scaling);
  }

  void linear(const std::string& name, std::size_t outputs, std::size_t inputs, bool has_bias) {
    tensor(name + ".weight", {outputs, inputs});
    if (has_bias) tensor(name + ".bias", {outputs});
  }

  void llama_block(const std::string& block) {
    const std::size_t query_width = shape_.heads * head_;
    const std::size_t kv_width = shape_.kv_heads * head_;
    const bool has_attention_biases = shape_.has_biases || shape_.architecture == "qwen2";
    tensor(block + "attn_norm.weight", {shape_.width});
    linear(block + "attn_q", query_width, shape_.width, has_attention_biases);
    linear(block + "attn_k", kv_width, shape_.width, has_attention_biases);
    linear(block + "attn_v", kv_width, shape_.width, has_attention_biases);
    linear(block + "attn_output", shape_.width, query_width, shape_.has_biases);
    if (shape_.architecture == "qwen3") {
      tensor(block + "attn_q_norm.weight", {head_});
      tensor(block + "attn_k_norm.weight", {head_});
    }
    tensor(block + "ffn_norm.weight", {shape_.width});
    linear(block + "ffn_gate", shape_.feed_forward, shape_.width, shape_.has_biases);
    linear(block + "ffn_up", shape_.feed_forward, shape_.width, shape_.has_biases);
    linear(block + "ffn_down", shape_.width, shape_.feed_forward, shape_.has_biases);
  }

  // PLaMo-2 mixes layers of a state space model with attention; without one of each, llama.cpp aborts. Here the first
  // is of the former kind, which a count of 0 heads for keys and values says.
  void set_plamo2_mixers() {
    std::vector<std::int64_t> kv_heads(shape_.layers, static_cast<std::int64_t>(shape_.kv_heads));
    kv_heads.front() = 0;
    put(file_, "plamo2.attention.head_count_kv", kv_heads);
    set("attention.key_length", head_);
    set("attention.value_length", head_);
    set("ssm.conv_kernel", ssm_kernel);
    set("ssm.inner_size", shape_.width);
    set("ssm.state_size", ssm_state);
    set("ssm.time_step_rank", shape_.heads);
    set("ssm.group_count", 0);
  }

  void plamo2_block(const std::string& block, bool is_state_space) {
    if (is_state_space) {
      plamo2_state_space(block);
    } else {
      plamo2_attention(block);
    }
    tensor(block + "attn_norm.weight", {shape_.width});
    tensor(block + "post_attention_norm", {shape_.width});
    tensor(block + "ffn_norm.weight", {shape_.width});
    tensor(block + "ffn_up.weight", {2 * shape_.feed_forward, shape_.width});
    tensor(block + "ffn_down.weight", {shape_.width, shape_.feed_forward});
    tensor(block + "post_ffw_norm", {shape_.width});
  }

  void plamo2_attention(const std::string& block) {
    tensor(block + "attn_qkv.weight", {(shape_.heads + 2 * shape_.kv_heads) * head_, shape_.width});
    tensor(block + "attn_q_norm.weight", {shape_.heads, head_});
    tensor(block + "attn_k_norm.weight", {shape_.kv_heads, head_});
    tensor(block + "attn_output.weight", {shape_.width, shape_.width});
  }

  void plamo2_state_space(const std::string& block) {
    tensor(block + "ssm_in.weight", {2 * shape_.width, shape_.width});
    tensor(block + "ssm_conv1d.weight", {shape_.width, ssm_kernel});
    tensor(block + "ssm_x.weight", {ssm_time_step + 2 * ssm_state, shape_.width});
    linear(block + "ssm_dt", shape_.heads, ssm_time_step, true);
    tensor(block + "ssm_a", {shape_.heads});
    tensor(block + "ssm_d", {shape_.heads});
    tensor(block + "ssm_out.weight", {shape_.width, shape_.width});
    tensor(block + "ssm_dt_norm", {ssm_time_step});
    tensor(block + "ssm_b_norm", {ssm_state});
    tensor(block + "ssm_c_norm", {ssm_state});
  }

  void bert_block(const std::string& block) {
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"}) {
      linear(block + name, shape_.width, shape_.width, true);
    }
    layer_norm(block + "attn_output_norm");
    linear(block + "ffn_up", shape_.feed_forward, shape_.width, true);
    linear(block + "ffn_down", shape_.width, shape_.feed_forward, true);
    layer_norm(block + "layer_output_norm");
  }

  static constexpr std::size_t ssm_kernel = 4;
  static constexpr std::size_t ssm_state = 8;
  static constexpr std::size_t ssm_time_step = 64;  // what llama.cpp takes for a width up to 1024

  const TinyModelShape& shape_;
  std::size_t head_;  // width of an attention head
  TensorFile file_;
};

}  // namespace

TinyModelShape tiny_llama() { return {}; }

TinyModelShape llama_like_32_layers() { return {.layers = 32, .seed = 2}; }

TinyModelShape qwen2_like_40_layers() {
  return {.architecture = "qwen2", .layers = 40, .kv_heads = 4, .seed = 3, .begins_with_bos = false};
}

TinyModelShape model_without_layer_outputs() { return {.architecture = "plamo2", .seed = 4}; }

TensorFile tiny_model(const TinyModelShape& shape) { return ModelFile(shape).decoder(); }

TensorFile tiny_bert() {
  const TinyModelShape shape{.architecture = "bert", .kv_heads = 4, .seed = 5, .with_chat_template = false};
  return ModelFile(shape).bert();
}

void write_tiny_model(const std::filesystem::path& path, const TinyModelShape& shape) {
  write_tensor_file(path, tiny_model(shape));
}

}  // namespace w2s::test
