// Tables and figures as files, in the forms that people and programs read.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "w2s/experiment.h"

namespace w2s::cli {

/// Writes <id>.md (with title and notes), <id>.csv, <id>.json and <id>.tex (booktabs; title and notes as comments) for
/// each table into the folder, which is made where it is missing. Throws Error{io}.
void write_tables(const std::filesystem::path& folder, std::span<const PaperTable> tables);

/// Draws the tables that are figures and writes <id>.svg for each into the folder, which is made where it is missing;
/// the files' names. Throws Error{io}, and what paper_figures does.
std::vector<std::string> write_figures(const std::filesystem::path& folder, std::span<const PaperTable> tables);

}  // namespace w2s::cli
