// The paper's figures as SVG files.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "w2s/paper_tables.h"

namespace w2s {

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

}  // namespace w2s
