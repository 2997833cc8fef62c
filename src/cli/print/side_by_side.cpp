#include "cli/print/side_by_side.h"

#include <fmt/format.h>

#include <algorithm>

#include "w2s/table.h"

namespace w2s::cli {
namespace {

constexpr std::string_view gap = " | ";
constexpr std::size_t narrowest = 10;

bool begins_character(char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }

// Bytes of the first `count` characters.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t bytes = 0;
  for (; bytes < text.size(); ++bytes)
    if (begins_character(text[bytes]) && count-- == 0) break;
  return bytes;
}

void wrap_line(std::string_view line, std::size_t columns, std::vector<std::string>& lines) {
  while (display_width(line) > columns) {
    const std::size_t most = bytes_of(line, columns);
    const auto space = line.rfind(' ', most);
    const bool breaks_at_space = space != std::string_view::npos && space > 0;
    lines.emplace_back(line.substr(0, breaks_at_space ? space : most));
    line.remove_prefix(breaks_at_space ? space + 1 : most);
  }
  lines.emplace_back(line);
}

std::string padded(std::string_view line, std::size_t columns) {
  return std::string(line) + std::string(columns - std::min(columns, display_width(line)), ' ');
}

}  // namespace

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin <= text.size();) {
    const auto end = std::min(text.find('\n', begin), text.size());
    wrap_line(text.substr(begin, end - begin), columns, lines);
    begin = end + 1;
  }
  return lines;
}

std::string side_by_side(const TitledText& left, const TitledText& right, std::size_t columns) {
  const std::size_t width = std::max(narrowest, (columns - std::min(columns, gap.size())) / 2);
  auto left_lines = wrap(left.title + "\n" + left.text, width);
  auto right_lines = wrap(right.title + "\n" + right.text, width);
  const std::size_t rows = std::max(left_lines.size(), right_lines.size());
  left_lines.resize(rows);
  right_lines.resize(rows);
  std::string text;
  for (std::size_t i = 0; i < rows; ++i) {
    text += padded(left_lines[i], width) + std::string(gap) + right_lines[i];
    text.erase(text.find_last_not_of(' ') + 1);
    text += '\n';
  }
  return text;
}

}  // namespace w2s::cli
