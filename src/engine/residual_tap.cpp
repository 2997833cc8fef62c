#include "engine/residual_tap.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

namespace w2s::engine {
namespace {

std::optional<std::size_t> layer_of(const ggml_tensor* tensor) {
  constexpr std::string_view prefix = "l_out-";
  const std::string_view name(tensor->name);
  if (!name.starts_with(prefix)) return std::nullopt;
  std::size_t layer = 0;
  const auto [end, error] = std::from_chars(name.data() + prefix.size(), name.data() + name.size(), layer);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return layer;
}

}  // namespace

void ResidualTap::begin(std::vector<std::size_t> outputs, std::size_t rows) {
  for (auto& edits : edits_) edits.clear();
  for (auto& captures : captures_) captures.clear();
  decide_ = nullptr;
  std::fill(seen_.begin(), seen_.end(), false);
  outputs_ = std::move(outputs);
  rows_ = rows;
}

bool ResidualTap::callback(ggml_tensor* tensor, bool ask, void* user_data) {
  auto& tap = *static_cast<ResidualTap*>(user_data);
  const auto layer = layer_of(tensor);
  if (!layer || *layer >= tap.seen_.size()) return !ask;
  if (!ask) {
    tap.apply(tensor, *layer);
    return true;
  }
  tap.seen_[*layer] = true;
  return tap.wants(*layer);
}

std::size_t ResidualTap::row_in(const ggml_tensor* tensor, std::size_t row) const {
  if (static_cast<std::size_t>(tensor->ne[1]) == rows_) return row;
  const auto found = std::lower_bound(outputs_.begin(), outputs_.end(), row);
  return static_cast<std::size_t>(found - outputs_.begin());
}

void ResidualTap::apply(ggml_tensor* tensor, const Edit& edit) {
  const auto width = static_cast<std::size_t>(tensor->ne[0]);
  const std::size_t offset = row_in(tensor, edit.row) * tensor->nb[1];
  row_.resize(width);
  ggml_backend_tensor_get(tensor, row_.data(), offset, width * sizeof(float));
  const auto& steering = edit.steering;
  apply_operator(steering.operation, steering.scale, steering.direction, row_);
  ggml_backend_tensor_set(tensor, row_.data(), offset, width * sizeof(float));
}

void ResidualTap::apply(ggml_tensor* tensor, std::size_t layer) {
  for (const auto& edit : edits_[layer]) apply(tensor, edit);
  const std::size_t bytes = static_cast<std::size_t>(tensor->ne[0]) * sizeof(float);
  for (const auto& capture : captures_[layer])
    ggml_backend_tensor_get(tensor, capture.destination.data(), row_in(tensor, capture.row) * tensor->nb[1], bytes);
  if (captures_[layer].empty() || !decide_) return;
  for (const auto& edit : decide_(layer)) {
    if (edit.steering.layer == layer) {
      apply(tensor, edit);
    } else {
      add_edit(edit);
    }
  }
}

}  // namespace w2s::engine
