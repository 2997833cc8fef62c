// Random numbers that are the same on every platform and standard library: one seed decides everything.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace w2s {

/// xoshiro256++ (Blackman and Vigna, 2019), seeded through splitmix64. std::shuffle and the distributions of <random>
/// differ between standard libraries; the members here do not.
class Random {
 public:
  explicit Random(std::uint64_t seed);

  /// A generator for a part of the work, independent of how much the other parts draw: the same (seed, stream) gives
  /// the same numbers in any order of execution and on any thread.
  [[nodiscard]] static Random stream(std::uint64_t seed, std::uint64_t stream);

  [[nodiscard]] std::uint64_t next();
  /// Uniform in [0, bound) without modulo bias; bound > 0.
  [[nodiscard]] std::size_t below(std::size_t bound);
  /// Uniform in [0, 1).
  [[nodiscard]] double uniform();
  /// Standard normal (Marsaglia's polar method).
  [[nodiscard]] double normal();

  /// Fisher-Yates.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  /// 0, 1, ..., count-1 in random order.
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t count);

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace w2s
