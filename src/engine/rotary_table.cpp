#include "engine/rotary_table.h"

#include <cmath>

namespace w2s::engine {

RotaryTable::RotaryTable(const LlamaShape& shape, std::span<const float> factors)
    : pairs_(shape.rotary_pairs), half_(shape.head_width / 2) {
  for (std::size_t i = 0; i < half_; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(shape.head_width);
    const double factor = factors.empty() ? 1.0 : static_cast<double>(factors[i]);
    frequencies_.push_back(std::pow(shape.rotary_base, exponent) * shape.rotary_scale / factor);
  }
}

void RotaryTable::grow(std::size_t positions) {
  for (std::size_t position = cosines_.size() / half_; position < positions; ++position) {
    for (const double frequency : frequencies_) {
      const double angle = static_cast<double>(position) * frequency;
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
  }
}

void RotaryTable::rotate(std::size_t position, std::span<float> heads) {
  grow(position + 1);
  const float* const cosines = cosines_.data() + position * half_;
  const float* const sines = sines_.data() + position * half_;
  const std::size_t step = pairs_ == RotaryPairs::neighbours ? 2 : 1;
  const std::size_t partner = pairs_ == RotaryPairs::neighbours ? 1 : half_;
  for (std::size_t begin = 0; begin < heads.size(); begin += 2 * half_) {
    float* const head = heads.data() + begin;
    for (std::size_t i = 0; i < half_; ++i) {
      float& first = head[i * step];
      float& second = head[i * step + partner];
      const float turned = first * cosines[i] - second * sines[i];
      second = first * sines[i] + second * cosines[i];
      first = turned;
    }
  }
}

}  // namespace w2s::engine
