// What a study found, as a table and in words.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <utility>

#include "cli/print/output.h"
#include "w2s/predictor.h"
#include "w2s/study.h"

namespace w2s::cli {

/// One row a policy: for a person, with what the noise floor and the intervals allow to conclude under it.
[[nodiscard]] Report outcome_report(const StudyOutcome& outcome);

/// The outcome in a format; as JSON it is the content of results.json.
[[nodiscard]] std::string render_outcome(const StudyOutcome& outcome, Format format);

/// Whether W2S steers better than the fixed layer on one set of samples, as a sentence. `rows` are the policies on that
/// set; `noise` may be null.
[[nodiscard]] std::string verdict(std::span<const PolicyResult> rows, const NoiseFloor* noise);

/// The prompt, and what the model answers to it unsteered and steered.
[[nodiscard]] std::string describe(const SteeredExample& example);

/// "propensity within 0.0001 logits, steerability within 0.00002, best layer changed on 0 of 4 samples".
[[nodiscard]] std::string describe(const NoiseFloor& noise);

}  // namespace w2s::cli
