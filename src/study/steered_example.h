// One prompt that was not fitted on, answered unsteered and steered at the layer the predictor chooses.
#pragma once

#include "study/prepared_behavior.h"
#include "w2s/study.h"

namespace w2s {

/// The first test sample of a behaviour that is swept and fitted; the scales are the grid's smallest and largest
/// multiplier.
[[nodiscard]] SteeredExample steered_example(const BehaviorResults& results, const PreparedBehavior& prepared,
                                             const SweepGrid& grid, Decoder& decoder);

}  // namespace w2s
