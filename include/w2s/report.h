// What a results folder looks like: the report as one HTML file, the paper's figures as SVG.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "w2s/base.h"
#include "w2s/experiment.h"

namespace w2s {

// The paper's figures as SVG files.

/// An SVG document that needs no other file and runs no script.
struct PaperFigure {
  std::string id;  ///< that of the table whose numbers it shows: also a file's stem
  std::string title;
  std::string svg;  ///< UTF-8
};

/// Whether this program was built with what draws them: not with W2S_WEB=OFF.
[[nodiscard]] bool can_draw_paper_figures();

/// A figure for each table of paper_tables() that has one, in their order; the others are left out. The same tables
/// give the same bytes. In texts, bytes that are no UTF-8 and characters that XML cannot hold become U+FFFD. Throws
/// Error{usage} where can_draw_paper_figures() is false.
[[nodiscard]] std::vector<PaperFigure> paper_figures(std::span<const PaperTable> tables);

// The report: one HTML file that shows what a results folder holds.

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
