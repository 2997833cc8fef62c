#include "engine/layerwise_model.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "engine/llama_family.h"
#include "engine/mapped_weights.h"
#include "engine/rotary_table.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using Eigen::Index;
using engine::LlamaLayer;
using engine::LlamaShape;
using engine::WeightMatrix;
using Matrix = Eigen::MatrixXf;
using MatrixMap = Eigen::Map<Matrix>;
using ConstMatrixMap = Eigen::Map<const Matrix>;
// A head's part of each token's keys or values.
using HeadMap = Eigen::Map<const Matrix, 0, Eigen::OuterStride<>>;
using ConstVectorMap = Eigen::Map<const Eigen::VectorXf>;

Index signed_size(std::size_t size) { return static_cast<Index>(size); }

std::vector<float> read_vector(const WeightMatrix& matrix) {
  std::vector<float> values(matrix.is_there() ? matrix.inputs : 0);
  if (matrix.is_there()) matrix.read(0, values);
  return values;
}

ConstVectorMap map_of(const std::vector<float>& vector) { return {vector.data(), signed_size(vector.size())}; }

// What is added or multiplied value by value, in F32.
struct LayerVectors {
  explicit LayerVectors(const LlamaLayer& layer)
      : attention_norm(read_vector(layer.attention_norm)),
        query_bias(read_vector(layer.query.bias)),
        key_bias(read_vector(layer.key.bias)),
        value_bias(read_vector(layer.value.bias)),
        attention_output_bias(read_vector(layer.attention_output.bias)),
        query_norm(read_vector(layer.query_norm)),
        key_norm(read_vector(layer.key_norm)),
        feed_forward_norm(read_vector(layer.feed_forward_norm)),
        gate_bias(read_vector(layer.gate.bias)),
        up_bias(read_vector(layer.up.bias)),
        down_bias(read_vector(layer.down.bias)) {}

  std::vector<float> attention_norm, query_bias, key_bias, value_bias, attention_output_bias, query_norm, key_norm,
      feed_forward_norm, gate_bias, up_bias, down_bias;
};

// Eigen computes so many values at once, and those before and behind whole aligned packets in another way: what is to
// come out the same wherever it lies in memory has to lie on such a border and fill packets.
constexpr std::size_t packet = 16;
using AlignedArray = Eigen::Map<Eigen::ArrayXf, Eigen::AlignedMax>;

std::size_t filled_up(std::size_t values) { return (values + packet - 1) / packet * packet; }

// Memory that is kept from layer to layer; its content is not.
class Buffer {
 public:
  [[nodiscard]] MatrixMap matrix(std::size_t rows, std::size_t columns) {
    if (values_.size() < filled_up(rows * columns)) values_.resize(filled_up(rows * columns));
    return {values_.data(), signed_size(rows), signed_size(columns)};
  }

  // The first values, filled up with others that nobody reads.
  [[nodiscard]] AlignedArray array(std::size_t values) { return {values_.data(), signed_size(filled_up(values))}; }

 private:
  std::vector<float, Eigen::aligned_allocator<float>> values_;
};

// In the same order wherever they lie.
float dot(const float* a, const float* b, Index size) {
  std::array<float, packet> sums{};
  Index i = 0;
  for (; i + signed_size(packet) <= size; i += signed_size(packet))
    for (std::size_t lane = 0; lane < packet; ++lane) sums[lane] += a[i + signed_size(lane)] * b[i + signed_size(lane)];
  for (std::size_t lane = 0; i < size; ++i, ++lane) sums[lane] += a[i] * b[i];
  return std::accumulate(sums.begin(), sums.end(), 0.0F);
}

// Root mean square of each column made 1, then scaled value by value.
template <typename Input>
void normalize_columns(const Input& input, const std::vector<float>& scale, float epsilon, Eigen::Ref<Matrix> output) {
  const auto size = static_cast<float>(input.rows());
  for (Index column = 0; column < input.cols(); ++column) {
    const float* const values = input.col(column).data();
    const float mean_square = dot(values, values, input.rows()) / size;
    output.col(column) = (input.col(column).array() * map_of(scale).array()) / std::sqrt(mean_square + epsilon);
  }
}

}  // namespace

struct LayerwiseModel::Weights {
  explicit Weights(const Model& loaded)
      : model(loaded),
        file(loaded.path()),
        llama(engine::read_llama_weights(engine::GgufHeader(loaded.path()), file, loaded.path().string())),
        output_norm(read_vector(llama.output_norm)),
        output_bias(read_vector(llama.output.bias)),
        rotary_factors(read_vector(llama.rotary_factors)),
        vectors(llama.layers.begin(), llama.layers.end()) {}

  [[nodiscard]] const LlamaShape& shape() const noexcept { return llama.shape; }
  void check(Token token) const {
    if (token < 0 || static_cast<std::size_t>(token) >= shape().vocabulary)
      throw Error(ErrorKind::usage, fmt::format("token {} is not in the vocabulary", token));
  }

  Model model;
  engine::MappedFile file;
  engine::LlamaWeights llama;
  std::vector<float> output_norm, output_bias, rotary_factors;
  std::vector<LayerVectors> vectors;
};

struct LayerwiseModel::Scratch {
  explicit Scratch(const Weights& weights) : rotary(weights.shape(), weights.rotary_factors) {}

  // y = W x + bias, or y += that.
  void multiply(const WeightMatrix& weight, const std::vector<float>& bias, const MatrixMap& x, bool add, MatrixMap y);
  void rotate(const LlamaShape& shape, const LayerVectors& vectors, const RowBatch& batch, MatrixMap& queries,
              MatrixMap& keys);
  void attend(const LlamaShape& shape, std::size_t layer, const RowGroup& group, std::size_t first_column,
              std::size_t columns);
  void attend(const LlamaShape& shape, std::size_t layer, const RowGroup& group, std::size_t first_column,
              std::size_t columns, std::size_t head);

  engine::RotaryTable rotary;
  Buffer normed, query, key, value, attended, gate, up, scores, panel;
  Eigen::VectorXf own_weight, total_weight;  // of each row: of itself in attention, and of all it sees
  double flops = 0;
};

namespace {

// Weights that are not stored as F32 are made so by this many at a time.
constexpr std::size_t panel_values = std::size_t{1} << 20U;

}  // namespace

void LayerwiseModel::Scratch::multiply(const WeightMatrix& weight, const std::vector<float>& bias, const MatrixMap& x,
                                       bool add, MatrixMap y) {
  const std::size_t inputs = weight.inputs;
  const auto multiply_rows = [&](std::size_t first, const ConstMatrixMap& rows) {
    auto part = y.middleRows(signed_size(first), rows.cols());
    if (add) {
      part.noalias() += rows.transpose() * x;
    } else {
      part.noalias() = rows.transpose() * x;
    }
  };
  if (weight.type == GGML_TYPE_F32) {
    const auto* const values = reinterpret_cast<const float*>(weight.data);
    multiply_rows(0, {values, signed_size(inputs), signed_size(weight.outputs)});
  } else {
    const std::size_t most = std::max<std::size_t>(panel_values / inputs, 1);
    for (std::size_t first = 0; first < weight.outputs; first += most) {
      const std::size_t outputs = std::min(most, weight.outputs - first);
      auto rows = panel.matrix(inputs, outputs);
      weight.read(first, {rows.data(), inputs * outputs});
      multiply_rows(first, {rows.data(), rows.rows(), rows.cols()});
    }
  }
  if (!bias.empty()) y.colwise() += map_of(bias);
  flops += 2.0 * static_cast<double>(inputs * weight.outputs) * static_cast<double>(x.cols());
}

// Positions, after the norms of heads where there are any. Queries are scaled on the way, which attention asks for.
void LayerwiseModel::Scratch::rotate(const LlamaShape& shape, const LayerVectors& vectors, const RowBatch& batch,
                                     MatrixMap& queries, MatrixMap& keys) {
  const auto as_heads = [&](MatrixMap& rows) {
    const Index width = signed_size(shape.head_width);
    return MatrixMap(rows.data(), width, rows.size() / width);
  };
  if (!vectors.query_norm.empty()) {
    normalize_columns(as_heads(queries), vectors.query_norm, shape.norm_epsilon, as_heads(queries));
    normalize_columns(as_heads(keys), vectors.key_norm, shape.norm_epsilon, as_heads(keys));
  }
  const auto groups = batch.groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    for (std::size_t row = 0; row < groups[g].rows; ++row) {
      const std::size_t position = groups[g].position + (groups[g].extends_prompt ? row : 0);
      const Index column = signed_size(batch.first_column(g) + row);
      rotary.rotate(position, {queries.col(column).data(), shape.query_width()});
      rotary.rotate(position, {keys.col(column).data(), shape.kv_width()});
    }
  }
  queries *= 1.0F / std::sqrt(static_cast<float>(shape.head_width));
}

// One head of all rows of a group.
void LayerwiseModel::Scratch::attend(const LlamaShape& shape, std::size_t layer, const RowGroup& group,
                                     std::size_t first_column, std::size_t columns, std::size_t head) {
  const std::size_t kv_head = head / (shape.heads / shape.kv_heads);
  const Index width = signed_size(shape.head_width);
  const std::size_t tokens = group.position + (group.extends_prompt ? group.rows : 0);
  const Eigen::OuterStride<> stride(signed_size(shape.kv_width()));
  const auto part = [&](const std::vector<float>& of_tokens) {
    return HeadMap(of_tokens.data() + kv_head * shape.head_width, width, signed_size(tokens), stride);
  };
  const auto block = [&](Buffer& buffer, std::size_t of_heads, std::size_t number) {
    return buffer.matrix(of_heads * shape.head_width, first_column + columns)
        .block(signed_size(number * shape.head_width), signed_size(first_column), width, signed_size(columns));
  };
  const auto queries = block(query, shape.heads, head);
  const auto own_keys = block(key, shape.kv_heads, kv_head);
  const auto own_values = block(value, shape.kv_heads, kv_head);
  auto output = block(attended, shape.heads, head);

  const std::size_t whole_column = filled_up(tokens);
  auto all_weights = scores.matrix(whole_column, columns);
  auto weights = all_weights.topRows(signed_size(tokens));
  if (tokens > 0) weights.noalias() = part(group.prompt->keys[layer]).transpose() * queries;
  own_weight.setZero(signed_size(columns));
  total_weight.setZero(signed_size(columns));
  for (Index row = 0; row < signed_size(columns); ++row) {
    // Rows that fill up a group see what its last one does.
    const Index visible = group.extends_prompt ? std::min(signed_size(group.position) + row + 1, signed_size(tokens))
                                               : signed_size(tokens);
    AlignedArray seen(all_weights.col(row).data(), signed_size(whole_column));
    const float own =
        group.extends_prompt ? seen(visible - 1) : dot(queries.col(row).data(), own_keys.col(row).data(), width);
    const float largest = visible > 0 ? std::max(own, seen.head(visible).maxCoeff()) : own;
    seen.tail(seen.size() - visible) = largest;
    seen = (seen - largest).exp();
    seen.tail(seen.size() - visible) = 0;
    own_weight(row) = group.extends_prompt ? 0.0F : std::exp(own - largest);
    total_weight(row) = seen.sum() + own_weight(row);
  }
  if (tokens > 0) {
    output.noalias() = part(group.prompt->values[layer]) * weights;
  } else {
    output.setZero();
  }
  if (!group.extends_prompt) output += own_values * own_weight.asDiagonal();
  output.array().rowwise() /= total_weight.transpose().array();
}

void LayerwiseModel::Scratch::attend(const LlamaShape& shape, std::size_t layer, const RowGroup& group,
                                     std::size_t first_column, std::size_t columns) {
  for (std::size_t head = 0; head < shape.heads; ++head) attend(shape, layer, group, first_column, columns, head);
  const std::size_t seen = group.position + (group.extends_prompt ? group.rows : 1);
  flops += 4.0 * static_cast<double>(shape.query_width() * seen) * static_cast<double>(columns);
}

std::optional<std::string> LayerwiseModel::reason_against(const Model& model) {
  if (model.info().on_gpu) return "its layers are on a GPU or on another machine";
  auto reading = engine::read_llama_header(engine::GgufHeader(model.path()));
  if (reading.weights) return std::nullopt;
  return std::move(reading.reason);
}

LayerwiseModel::LayerwiseModel(const Model& model)
    : weights_(std::make_shared<const Weights>(model)), scratch_(std::make_unique<Scratch>(*weights_)) {}

LayerwiseModel::~LayerwiseModel() = default;
LayerwiseModel::LayerwiseModel(const LayerwiseModel& other)
    : weights_(other.weights_), scratch_(std::make_unique<Scratch>(*other.weights_)) {}
LayerwiseModel::LayerwiseModel(LayerwiseModel&&) noexcept = default;
LayerwiseModel& LayerwiseModel::operator=(LayerwiseModel&&) noexcept = default;
LayerwiseModel& LayerwiseModel::operator=(const LayerwiseModel& other) {
  if (this != &other) *this = LayerwiseModel(other);
  return *this;
}

const Model& LayerwiseModel::model() const noexcept { return weights_->model; }

const ModelInfo& LayerwiseModel::info() const noexcept { return weights_->model.info(); }

KeyValues LayerwiseModel::no_tokens() const {
  const std::vector<std::vector<float>> empty(weights_->shape().layers);
  return {.keys = empty, .values = empty};
}

void LayerwiseModel::embed(Token token, std::span<float> row) const {
  weights_->check(token);
  weights_->llama.embeddings.read(static_cast<std::size_t>(token), row);
}

void LayerwiseModel::apply(std::size_t layer, RowBatch& batch) {
  const auto& shape = weights_->shape();
  const auto& weights = weights_->llama.layers.at(layer);
  const auto& vectors = weights_->vectors.at(layer);
  auto& own = *scratch_;
  const std::size_t columns = batch.columns();
  const MatrixMap x(batch.values().data(), signed_size(shape.width), signed_size(columns));

  const auto normed = own.normed.matrix(shape.width, columns);
  normalize_columns(x, vectors.attention_norm, shape.norm_epsilon, normed);
  auto queries = own.query.matrix(shape.query_width(), columns);
  auto keys = own.key.matrix(shape.kv_width(), columns);
  const auto values = own.value.matrix(shape.kv_width(), columns);
  own.multiply(weights.query.weight, vectors.query_bias, normed, false, queries);
  own.multiply(weights.key.weight, vectors.key_bias, normed, false, keys);
  own.multiply(weights.value.weight, vectors.value_bias, normed, false, values);
  own.rotate(shape, vectors, batch, queries, keys);

  const auto groups = batch.groups();
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (!groups[g].extends_prompt) continue;
    const auto keep = [&](const MatrixMap& from, std::vector<float>& to) {
      const float* const begin = from.col(signed_size(batch.first_column(g))).data();
      to.insert(to.end(), begin, begin + groups[g].rows * shape.kv_width());
    };
    keep(keys, groups[g].prompt->keys[layer]);
    keep(values, groups[g].prompt->values[layer]);
  }
  const auto attended = own.attended.matrix(shape.query_width(), columns);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    const std::size_t end = g + 1 < groups.size() ? batch.first_column(g + 1) : columns;
    own.attend(shape, layer, groups[g], batch.first_column(g), end - batch.first_column(g));
  }
  own.multiply(weights.attention_output.weight, vectors.attention_output_bias, attended, true, x);

  normalize_columns(x, vectors.feed_forward_norm, shape.norm_epsilon, normed);
  const auto gate = own.gate.matrix(shape.feed_forward, columns);
  const auto up = own.up.matrix(shape.feed_forward, columns);
  own.multiply(weights.gate.weight, vectors.gate_bias, normed, false, gate);
  own.multiply(weights.up.weight, vectors.up_bias, normed, false, up);
  auto gates = own.gate.array(shape.feed_forward * columns);
  gates = gates * own.up.array(shape.feed_forward * columns) / (1.0F + (-gates).exp());
  own.multiply(weights.down.weight, vectors.down_bias, gate, true, x);
}

std::vector<float> LayerwiseModel::logits(std::span<const float> row, std::span<const Token> tokens) {
  const auto& shape = weights_->shape();
  const ConstMatrixMap x(row.data(), signed_size(shape.width), 1);
  Eigen::VectorXf normed(x.rows());
  normalize_columns(x, weights_->output_norm, shape.norm_epsilon, normed);
  Eigen::VectorXf column(x.rows());
  std::vector<float> logits;
  for (const Token token : tokens) {
    weights_->check(token);
    const auto index = static_cast<std::size_t>(token);
    weights_->llama.output.weight.read(index, {column.data(), shape.width});
    logits.push_back(column.dot(normed) + (weights_->output_bias.empty() ? 0.0F : weights_->output_bias[index]));
  }
  scratch_->flops += 2.0 * static_cast<double>(shape.width * tokens.size());
  return logits;
}

double LayerwiseModel::flops() const noexcept { return scratch_->flops; }

LayerFlops layer_flops(const LayerShape& shape) {
  const std::size_t weights = shape.width * (2 * shape.query_width + 2 * shape.kv_width + 3 * shape.feed_forward);
  return {.weights = 2.0 * static_cast<double>(weights),
          .keys_and_values = 4.0 * static_cast<double>(shape.width * shape.kv_width),
          .attention_a_token = 4.0 * static_cast<double>(shape.query_width)};
}

LayerShape LayerwiseModel::layer_shape() const noexcept {
  const auto& shape = weights_->shape();
  return {.width = shape.width,
          .query_width = shape.query_width(),
          .kv_width = shape.kv_width(),
          .feed_forward = shape.feed_forward};
}

}  // namespace w2s
