// The paper's 40-10-50 split of a data set (section 5, data curation).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace w2s {

enum class SplitPart { train, validation, test };

/// "train", "validation" or "test".
[[nodiscard]] std::string_view to_string(SplitPart part);

/// Sample indices, ascending within each part.
struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
  std::vector<std::size_t> test;

  /// Training and validation samples together, ascending: all that may be used to choose and to fit.
  [[nodiscard]] std::vector<std::size_t> fitting() const;
};

struct SplitFractions {
  double train = 0.4;
  double validation = 0.1;  ///< what remains is the test part
};

/// Shuffles 0 .. count-1 with the seed and cuts. Throws Error{data} if a part would be empty.
[[nodiscard]] Split split_samples(std::size_t count, std::uint64_t seed, const SplitFractions& fractions = {});

}  // namespace w2s
