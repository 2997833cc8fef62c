// What steering at several layers gains, as a table and in words.
#pragma once

#include "cli/print/output.h"
#include "w2s/study.h"

namespace w2s::cli {

/// One row a policy; under it, what the intervals allow to conclude for each method of each behaviour.
[[nodiscard]] Report multi_layer_report(const MultiLayerOutcome& outcome);

}  // namespace w2s::cli
