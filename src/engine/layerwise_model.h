// A model computed one layer at a time, so that rows can join a batch at any layer: the arithmetic of a steered row
// begins where it is steered. For architectures that are Llama's in all but details, on the CPU.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "w2s/model.h"

namespace w2s {

/// Keys and values of a prompt's tokens.
struct KeyValues {
  std::vector<std::vector<float>> keys = {};    ///< [layers][tokens * heads for keys * head width]
  std::vector<std::vector<float>> values = {};  ///< of the same shape
};

/// Rows of one prompt that stand beside each other in a batch.
struct RowGroup {
  KeyValues* prompt = nullptr;
  std::size_t rows = 0;
  /// Of the first row if they are the prompt's next tokens, else of all of them. Each sees the prompt's tokens at
  /// earlier positions.
  std::size_t position = 0;
  /// The rows are the prompt's next tokens: each also sees those before it in the group, and is kept in `prompt`. Else
  /// it also sees itself alone, and leaves nothing behind.
  bool extends_prompt = false;
};

/// The residual stream of rows that go through a layer together. What a row becomes does not depend on the others, to
/// the last bit.
class RowBatch {
 public:
  explicit RowBatch(std::size_t width) : width_(width) {}

  /// Adds a group, its rows all zero. Returns its number.
  std::size_t add(const RowGroup& group);

  [[nodiscard]] std::span<const RowGroup> groups() const noexcept { return groups_; }
  [[nodiscard]] std::span<float> row(std::size_t group, std::size_t row) {
    return std::span(values_).subspan((first_columns_[group] + row) * width_, width_);
  }
  [[nodiscard]] std::span<const float> row(std::size_t group, std::size_t row) const {
    return std::span(values_).subspan((first_columns_[group] + row) * width_, width_);
  }

  /// Rows as they lie in memory, those included that fill up a group and that nobody reads.
  [[nodiscard]] std::size_t columns() const noexcept { return values_.size() / width_; }
  [[nodiscard]] std::size_t first_column(std::size_t group) const { return first_columns_[group]; }
  [[nodiscard]] std::span<float> values() noexcept { return values_; }  ///< [columns][width]

 private:
  std::size_t width_;
  std::vector<RowGroup> groups_;
  std::vector<std::size_t> first_columns_;
  std::vector<float> values_;
};

/// Floating-point operations of one row in the matrix products of one layer.
struct LayerFlops {
  double weights = 0;            ///< in all products with weights
  double keys_and_values = 0;    ///< of these, in those that make its key and its value
  double attention_a_token = 0;  ///< for each token that it sees, itself included
};

/// The widths that decide them.
struct LayerShape {
  std::size_t width = 0;         ///< d
  std::size_t query_width = 0;   ///< of all heads together
  std::size_t kv_width = 0;      ///< of all heads for keys together, and for values
  std::size_t feed_forward = 0;  ///< inner width
};

[[nodiscard]] LayerFlops layer_flops(const LayerShape& shape);

/// Cheap to copy: copies share the weights, which stay in the model's file, mapped into memory. Each thread needs a
/// copy of its own. Products with weights are in F32 whatever the weights are stored as; nothing else is rounded.
class LayerwiseModel {
 public:
  /// Why a model cannot be computed here: its architecture, a tensor or a setting that is not known, a GPU. Nothing if
  /// it can.
  [[nodiscard]] static std::optional<std::string> reason_against(const Model& model);

  /// Throws Error{model} with that reason, or if the file cannot be mapped.
  explicit LayerwiseModel(const Model& model);
  ~LayerwiseModel();
  LayerwiseModel(const LayerwiseModel& other);
  LayerwiseModel(LayerwiseModel&&) noexcept;
  LayerwiseModel& operator=(const LayerwiseModel& other);
  LayerwiseModel& operator=(LayerwiseModel&&) noexcept;

  [[nodiscard]] const Model& model() const noexcept;
  [[nodiscard]] const ModelInfo& info() const noexcept;

  /// For a prompt without tokens yet.
  [[nodiscard]] KeyValues no_tokens() const;

  /// What enters the first layer, [width]. Throws Error{usage} for a token that is not in the vocabulary.
  void embed(Token token, std::span<float> row) const;

  /// Takes the rows through one layer. A group that extends its prompt must begin where the prompt ends, at this layer.
  void apply(std::size_t layer, RowBatch& batch);

  /// The logits of some tokens for a row that has passed the last layer. Throws Error{usage} for a token that is not in
  /// the vocabulary.
  [[nodiscard]] std::vector<float> logits(std::span<const float> row, std::span<const Token> tokens);

  /// Of all matrix products that this copy was made to compute until now.
  [[nodiscard]] double flops() const noexcept;

  [[nodiscard]] LayerShape layer_shape() const noexcept;

 private:
  struct Weights;
  struct Scratch;
  std::shared_ptr<const Weights> weights_;
  std::unique_ptr<Scratch> scratch_;
};

}  // namespace w2s
