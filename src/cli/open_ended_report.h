// Effect against fluency of answers, as a table.
#pragma once

#include "cli/output.h"
#include "w2s/open_ended_evaluation.h"

namespace w2s::cli {

/// One row a behaviour, place and scale. The judge's columns are there if it rated anything or failed to.
[[nodiscard]] Report open_ended_report(const OpenEndedOutcome& outcome);

}  // namespace w2s::cli
