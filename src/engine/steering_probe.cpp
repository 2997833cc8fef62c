#include "engine/steering_probe.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "w2s/base.h"

namespace w2s::engine {
namespace {

constexpr Token probe_token = 0;

[[noreturn]] void refuse(const Model& model, const std::string& why) {
  throw Error(ErrorKind::model, fmt::format("{}: architecture '{}' cannot be steered: {}", model.path().string(),
                                            model.info().architecture, why));
}

// What is added must not be a multiple of the row itself: normalisation would hide it.
std::vector<float> probe_direction(std::span<const float> residual) {
  double square = 0;
  for (const float value : residual) square += static_cast<double>(value) * value;
  const auto size = static_cast<float>(std::sqrt(square / static_cast<double>(residual.size())) + 1e-3);
  std::vector<float> direction(residual.size());
  for (std::size_t i = 0; i < direction.size(); ++i) direction[i] = i % 2 == 0 ? size : -0.5F * size;
  return direction;
}

void check_layers_are_shown(Decoder& decoder, const ResidualTap& tap) {
  Batch batch;
  batch.rows = {{.token = probe_token, .position = 0, .sequence = 0, .wants_logits = true}};
  batch.scored = {probe_token};
  static_cast<void>(decoder.decode(batch));
  decoder.clear();
  const auto& seen = tap.seen();
  const auto missing = std::find(seen.begin(), seen.end(), false);
  if (missing == seen.end()) return;
  refuse(decoder.model(),
         fmt::format("its graph does not show the residual stream after layer {}", missing - seen.begin()));
}

void check_edits_matter(Decoder& decoder, std::size_t first_layer, std::size_t end_layer,
                        std::span<const float> direction) {
  Batch batch;
  batch.rows = {{.token = probe_token, .position = 0, .sequence = 0, .wants_logits = true}};
  for (std::size_t layer = first_layer; layer < end_layer; ++layer) {
    const std::size_t row = batch.rows.size();
    batch.rows.push_back(
        {.token = probe_token, .position = 0, .sequence = static_cast<std::int32_t>(row), .wants_logits = true});
    batch.edits.push_back({.row = row, .steering = {.layer = layer, .scale = 1, .direction = direction}});
  }
  const auto decoded = decoder.decode(batch);
  decoder.clear();
  const auto unsteered = decoded.row_logits(0);
  for (std::size_t row = 1; row < batch.rows.size(); ++row) {
    if (!std::ranges::equal(decoded.row_logits(row), unsteered)) continue;
    refuse(decoder.model(), fmt::format("an addition after layer {} changes nothing", first_layer + row - 1));
  }
}

}  // namespace

void probe_steering(Decoder& decoder, const ResidualTap& tap) {
  check_layers_are_shown(decoder, tap);

  Batch batch;
  batch.rows = {{.token = probe_token, .position = 0, .sequence = 0, .wants_logits = true}};
  batch.captures = {{.row = 0, .layer = 0}};
  batch.scored = {probe_token};
  const auto direction = probe_direction(decoder.decode(batch).capture(0));
  decoder.clear();

  const std::size_t layers = decoder.model().info().layers;
  const std::size_t at_once = std::max<std::size_t>(1, std::min(decoder.options().sequences, std::size_t{65}) - 1);
  for (std::size_t layer = 0; layer < layers; layer += at_once)
    check_edits_matter(decoder, layer, std::min(layer + at_once, layers), direction);
}

}  // namespace w2s::engine
