// The web project's files that the program carries. Empty in a program that was built without Node.js (W2S_WEB=OFF).
#pragma once

#include <string_view>

namespace w2s::report {

/// A page with the place for a report's data in it: dist/report.html.
[[nodiscard]] std::string_view report_page_template();

/// A script that draws the paper's figures as SVG: dist/paper-figures.js.
[[nodiscard]] std::string_view paper_figures_script();

}  // namespace w2s::report
