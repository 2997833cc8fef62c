#include "engine/text_stream.h"

#include <algorithm>
#include <cstddef>

namespace w2s {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Character {
  std::size_t length = 0;  // bytes; of an invalid beginning those that are replaced together
  enum class Kind { whole, begun, invalid } kind = Kind::invalid;
};

// The range of a character's second byte depends on the first: no overlong forms, no surrogates, nothing above
// U+10FFFF (Unicode's table 3-7).
struct Lead {
  std::size_t length = 0;  // 0: no character begins with this byte
  unsigned char second_low = 0x80;
  unsigned char second_high = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte < 0x80) return {.length = 1};
  if (byte >= 0xC2 && byte <= 0xDF) return {.length = 2};
  if (byte == 0xE0) return {.length = 3, .second_low = 0xA0};
  if (byte == 0xED) return {.length = 3, .second_high = 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {.length = 3};
  if (byte == 0xF0) return {.length = 4, .second_low = 0x90};
  if (byte == 0xF4) return {.length = 4, .second_high = 0x8F};
  if (byte >= 0xF1 && byte <= 0xF3) return {.length = 4};
  return {};
}

// What text that is not empty begins with.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto lead = lead_of(byte(0));
  if (lead.length == 0) return {.length = 1, .kind = Character::Kind::invalid};
  for (std::size_t i = 1; i < lead.length; ++i) {
    if (i == text.size()) return {.length = i, .kind = Character::Kind::begun};
    const unsigned char low = i == 1 ? lead.second_low : 0x80;
    const unsigned char high = i == 1 ? lead.second_high : 0xBF;
    if (byte(i) < low || byte(i) > high) return {.length = i, .kind = Character::Kind::invalid};
  }
  return {.length = lead.length, .kind = Character::Kind::whole};
}

// How many of the last bytes of `text` are the beginning of `string`, short of all of it.
std::size_t overlap(std::string_view text, std::string_view string) {
  for (std::size_t length = std::min(text.size(), string.size() - 1); length > 0; --length)
    if (text.ends_with(string.substr(0, length))) return length;
  return 0;
}

}  // namespace

std::string CharacterStream::add(std::string_view bytes) {
  pending_ += bytes;
  std::string text;
  std::string_view rest = pending_;
  while (!rest.empty()) {
    const auto character = first_character(rest);
    if (character.kind == Character::Kind::begun) break;
    text += character.kind == Character::Kind::whole ? rest.substr(0, character.length) : replacement;
    rest.remove_prefix(character.length);
  }
  pending_.erase(0, pending_.size() - rest.size());
  return text;
}

std::string CharacterStream::finish() {
  const bool is_begun = !pending_.empty();
  pending_.clear();
  return is_begun ? std::string(replacement) : std::string();
}

StopStrings::StopStrings(std::vector<std::string> strings) : strings_(std::move(strings)) {
  std::erase_if(strings_, [](const std::string& string) { return string.empty(); });
}

std::string StopStrings::add(std::string_view text) {
  if (found_) return {};
  pending_ += text;
  std::size_t end = std::string::npos;
  for (const auto& string : strings_) {
    const auto at = pending_.find(string);
    if (at >= end) continue;
    end = at;
    found_ = string;
  }
  if (found_) {
    pending_.resize(end);
    return finish();
  }
  std::size_t held_back = 0;
  for (const auto& string : strings_) held_back = std::max(held_back, overlap(pending_, string));
  auto released = pending_.substr(0, pending_.size() - held_back);
  pending_.erase(0, released.size());
  return released;
}

std::string StopStrings::finish() {
  std::string text;
  text.swap(pending_);
  return text;
}

std::string TextStream::add(Token token) { return stop_.add(characters_.add(model_.visible_text(token))); }

std::string TextStream::finish() {
  const auto text = stop_.add(characters_.finish());
  return text + stop_.finish();
}

}  // namespace w2s
