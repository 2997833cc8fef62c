#include "report/web_files.h"

#include "report/embedded_files.h"

namespace w2s::report {
namespace {

std::string_view content_of(std::string_view name) {
  for (const EmbeddedFile& file : embedded_files()) {
    if (file.name == name) return file.content;
  }
  return {};
}

}  // namespace

std::string_view report_page_template() { return content_of("report.html"); }

std::string_view paper_figures_script() { return content_of("paper-figures.js"); }

}  // namespace w2s::report
