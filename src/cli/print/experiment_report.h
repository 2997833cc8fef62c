// What an experiment would decode, and what it found, for a person and for a program.
#pragma once

#include <span>
#include <string>

#include "cli/print/output.h"
#include "w2s/experiment.h"

namespace w2s::cli {

/// A table for each model, and how long it takes here and on the paper's GPUs; in formats for programs a row for each
/// behaviour of each model.
[[nodiscard]] std::string render_plan(std::span<const ModelPlan> plans, Format format);

/// The paper's main tables and what each study allows to conclude; in formats for programs all studies' results, a row
/// for each policy.
[[nodiscard]] std::string render_experiment(const ExperimentOutcome& outcome, Format format);

/// "40 s", "12 min", "3.4 h", "2.1 days".
[[nodiscard]] std::string duration_text(double seconds);

}  // namespace w2s::cli
