// `w2s`: finds the subcommand, and turns every error into one line and an exit code.
#pragma once

#include "cli/options/command_line.h"
#include "cli/print/console.h"

namespace w2s::cli {

/// Returns the exit code: 0, 1 when the work failed or was interrupted, 2 for wrong usage or input. Never throws.
[[nodiscard]] int run_program(const Arguments& arguments, const Console& console) noexcept;

}  // namespace w2s::cli
