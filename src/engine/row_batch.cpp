#include <cstddef>

#include "engine/layerwise_model.h"

namespace w2s {
namespace {

// Eigen computes columns by fours, and what is left over in another order of additions: with nothing left over, a row
// comes out the same whatever stands beside it.
constexpr std::size_t columns_together = 4;

std::size_t filled_up(std::size_t rows) { return (rows + columns_together - 1) / columns_together * columns_together; }

}  // namespace

std::size_t RowBatch::add(const RowGroup& group) {
  first_columns_.push_back(columns());
  groups_.push_back(group);
  values_.resize(values_.size() + filled_up(group.rows) * width_);
  return groups_.size() - 1;
}

}  // namespace w2s
