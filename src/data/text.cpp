#include "data/text.h"

#include <algorithm>
#include <cstdint>

namespace w2s::data {
namespace {

// The lead byte's sequence: its length, and the range of the second byte, which excludes overlong forms, surrogates
// and what lies beyond U+10FFFF.
struct Utf8Sequence {
  std::size_t length = 0;
  std::uint8_t second_low = 0x80;
  std::uint8_t second_high = 0xBF;
};

Utf8Sequence utf8_sequence(std::uint8_t lead) {
  if (lead < 0x80) return {.length = 1};
  if (lead < 0xC2 || lead > 0xF4) return {};
  if (lead < 0xE0) return {.length = 2};
  if (lead == 0xE0) return {.length = 3, .second_low = 0xA0};
  if (lead == 0xED) return {.length = 3, .second_high = 0x9F};
  if (lead < 0xF0) return {.length = 3};
  if (lead == 0xF0) return {.length = 4, .second_low = 0x90};
  if (lead == 0xF4) return {.length = 4, .second_high = 0x8F};
  return {.length = 4};
}

bool starts_with_character(std::string_view text, const Utf8Sequence& sequence) {
  if (sequence.length == 0 || text.size() < sequence.length) return false;
  if (sequence.length == 1) return true;
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(1) < sequence.second_low || byte(1) > sequence.second_high) return false;
  for (std::size_t i = 2; i < sequence.length; ++i) {
    if (byte(i) < 0x80 || byte(i) > 0xBF) return false;
  }
  return true;
}

}  // namespace

std::string_view without_byte_order_mark(std::string_view text) {
  constexpr std::string_view mark = "\xEF\xBB\xBF";
  return text.starts_with(mark) ? text.substr(mark.size()) : text;
}

std::string_view strip(std::string_view text) {
  constexpr std::string_view whitespace = " \t\r\n\f\v";
  const std::size_t first = text.find_first_not_of(whitespace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(whitespace) - first + 1);
}

std::size_t valid_utf8_prefix(std::string_view text) {
  std::size_t position = 0;
  while (position < text.size()) {
    const Utf8Sequence sequence = utf8_sequence(static_cast<std::uint8_t>(text[position]));
    if (!starts_with_character(text.substr(position), sequence)) return position;
    position += sequence.length;
  }
  return position;
}

std::size_t line_of(std::string_view text, std::size_t offset) {
  const std::string_view before = text.substr(0, offset);
  return static_cast<std::size_t>(std::count(before.begin(), before.end(), '\n')) + 1;
}

}  // namespace w2s::data
