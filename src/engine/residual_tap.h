// The tap: llama.cpp's evaluation callback, which sees the residual stream after every layer while a graph runs.
#pragma once

#include <ggml-backend.h>

#include <cstddef>
#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "w2s/decoding.h"

namespace w2s::engine {

/// Reads and edits rows at the nodes `l_out-<layer>` of one graph run. Rows are indices into the rows that run.
class ResidualTap {
 public:
  explicit ResidualTap(std::size_t layers) : edits_(layers), captures_(layers), seen_(layers, false) {}

  /// Prepares for a run of so many rows: what was asked before is forgotten. `outputs`, ascending, are the rows that
  /// the last layer keeps.
  void begin(std::vector<std::size_t> outputs, std::size_t rows);
  void add_edit(const Edit& edit) { edits_[edit.steering.layer].push_back(edit); }
  /// `destination` has the model's width and outlives the run.
  void add_capture(std::size_t row, std::size_t layer, std::span<float> destination) {
    captures_[layer].push_back({row, destination});
  }

  /// Called after each layer with captures, once they are read; must not throw, for llama.cpp is in between. What it
  /// returns is done at that layer or at later ones. Lasts for one run.
  void set_edits_on_the_way(std::function<std::vector<Edit>(std::size_t layer)> decide) { decide_ = std::move(decide); }

  /// Layers whose node the last run showed, whether or not something was asked of it.
  [[nodiscard]] const std::vector<bool>& seen() const noexcept { return seen_; }

  /// llama_context_params::cb_eval; `user_data` is the tap.
  static bool callback(ggml_tensor* tensor, bool ask, void* user_data);

 private:
  struct RowCapture {
    std::size_t row;
    std::span<float> destination;
  };

  [[nodiscard]] bool wants(std::size_t layer) const { return !edits_[layer].empty() || !captures_[layer].empty(); }
  void apply(ggml_tensor* tensor, std::size_t layer);
  void apply(ggml_tensor* tensor, const Edit& edit);
  [[nodiscard]] std::size_t row_in(const ggml_tensor* tensor, std::size_t row) const;

  std::vector<std::vector<Edit>> edits_;           // [layers]
  std::vector<std::vector<RowCapture>> captures_;  // [layers]
  std::vector<bool> seen_;                         // [layers]
  std::function<std::vector<Edit>(std::size_t)> decide_;
  std::vector<std::size_t> outputs_;
  std::vector<float> row_;
  std::size_t rows_ = 0;
};

}  // namespace w2s::engine
