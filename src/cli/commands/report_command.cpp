#include <fmt/format.h>

#include <filesystem>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "cli/print/table_files.h"
#include "w2s/base.h"
#include "w2s/experiment.h"
#include "w2s/report.h"

namespace w2s::cli {
namespace {

struct ReportOptions {
  std::filesystem::path folder;
  std::filesystem::path file;
  std::filesystem::path figures;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add({option("DIR", folder, any_path({}), "Results folder of 'w2s run'").required()});
    line.add("Output", {option("-o,--output", file, any_path("FILE.html"),
                               "Write the page to this file instead of DIR/report.html"),
                        option("--figures", figures, any_path("DIR"),
                               "Also write the paper's figures for these results, as SVG files, to this folder")});
    line.add({quiet_option(quiet)});
  }

  [[nodiscard]] std::filesystem::path page() const { return file.empty() ? folder / "report.html" : file; }
};

std::string size_in_words(std::size_t bytes) {
  constexpr double megabyte = 1e6;
  return fmt::format("{:.1f} MB", static_cast<double>(bytes) / megabyte);
}

}  // namespace

void report_command(const Arguments& arguments, const Console& console) {
  ReportOptions options;
  CommandLine line("report",
                   "Shows a results folder as pictures: where to steer, and what W2S gains by choosing for each input. "
                   "The page is one file that needs no network; any browser opens it.",
                   "w2s report results");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  if (!options.file.empty()) check_folder_of(options.file);
  const Work work(console, options.quiet);
  const auto html = make_report(options.folder, work.job());
  write_file(options.page(), html);
  console.out(fmt::format("{} ({})\n", options.page().string(), size_in_words(html.size())));
  if (options.figures.empty()) return;

  const std::vector<StudyFindings> findings = {findings_of_study(options.folder, work.job())};
  const auto figures = write_figures(options.figures, paper_tables(findings));
  console.out(fmt::format("{} ({} figures)\n", options.figures.string(), figures.size()));
}

}  // namespace w2s::cli
