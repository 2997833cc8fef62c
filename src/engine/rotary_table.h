// Rotary positions (RoPE): the turn of each pair of a head's values at each position.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/llama_family.h"

namespace w2s::engine {

class RotaryTable {
 public:
  /// `factors`: what each frequency is divided by; may be empty.
  RotaryTable(const LlamaShape& shape, std::span<const float> factors);

  /// Turns the heads that lie beside each other in `heads`.
  void rotate(std::size_t position, std::span<float> heads);

 private:
  void grow(std::size_t positions);

  RotaryPairs pairs_;
  std::size_t half_;                 // pairs of a head
  std::vector<double> frequencies_;  // [half]
  std::vector<float> cosines_;       // [positions][half]
  std::vector<float> sines_;
};

}  // namespace w2s::engine
