// Effect against fluency of answers, as a table.
#pragma once

#include "cli/print/output.h"
#include "w2s/generation.h"

namespace w2s::cli {

/// One row a behaviour, place and scale. The judge's columns are there if it rated anything or failed to.
[[nodiscard]] Report open_ended_report(const OpenEndedOutcome& outcome);

}  // namespace w2s::cli
