// The blocks of a page that are JSON.
#pragma once

#include <span>
#include <string>

#include "report/block.h"
#include "report/report_data.h"

namespace w2s::report {

/// What there is to know of each sample, but for its numbers: SamplesBlock of web/src/report/contract.ts.
[[nodiscard]] Json samples_json(const BehaviorReport& behavior);

/// An encoder's picture: PointsBlock of web/src/report/contract.ts. Points of behaviours that are not shown are left
/// out.
[[nodiscard]] Json points_json(const EncoderSpace& space, std::span<const BehaviorReport> behaviors);

}  // namespace w2s::report
