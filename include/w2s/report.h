// The report: one HTML file that shows what a results folder holds.
#pragma once

#include <filesystem>
#include <string>

#include "w2s/job.h"
#include "w2s/paper_tables.h"

namespace w2s {

/// The report on a results folder with a finished study, as an HTML page that needs nothing else: no network, no other
/// file. Needs settings.json, results.json and, of each behaviour, sweep, predictors and vectors; shows encoders.json,
/// the prompts' texts, the stages' times and the training curves where they are there.
///
/// Throws Error{usage} if this program was built without its pages (W2S_WEB=OFF); Error{results} if there is no such
/// folder, if it is an experiment's (the message names the studies in it), if a sweep or predictor is missing or
/// incomplete, or if results.json is missing or does not fit the predictors; Error{io} and Error{predictor} for files
/// that cannot be read; Error{interrupted} when the job is stopped.
[[nodiscard]] std::string make_report(const std::filesystem::path& folder, const Job& job = {});

/// What the paper's tables and figures take from a results folder: the model is named as its file. Throws what
/// make_report does, but for Error{usage}.
[[nodiscard]] StudyFindings findings_of_study(const std::filesystem::path& folder, const Job& job = {});

}  // namespace w2s
