// Two texts beside each other, as columns on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::cli {

/// The text in lines of at most so many characters, broken between words where that is possible.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

struct TitledText {
  std::string title;
  std::string text;
};

/// Both under their titles, in lines of at most so many characters.
[[nodiscard]] std::string side_by_side(const TitledText& left, const TitledText& right, std::size_t columns);

}  // namespace w2s::cli
