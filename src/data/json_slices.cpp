#include "data/json_slices.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string>

#include "data/text.h"
#include "w2s/base.h"

namespace w2s::data {
namespace {

[[noreturn]] void throw_malformed(std::string_view file, std::size_t line, std::string_view reason) {
  throw Error(ErrorKind::data, fmt::format("{}:{}: not valid JSON: {}", file, line, reason));
}

// What the library says, without the offending text, which can be megabytes long.
std::string short_reason(std::string_view message) {
  constexpr std::size_t longest = 80;
  message = message.substr(0, message.find("; last read"));
  const std::size_t dash = message.find(" - ");
  if (dash != std::string_view::npos) message.remove_prefix(dash + 3);
  return std::string(message.substr(0, std::min(message.size(), longest)));
}

// Walks over an array's text; knows brackets and strings, nothing else of JSON.
class ArrayScanner {
 public:
  ArrayScanner(std::string_view content, std::string_view file) : content_(content), file_(file) {}

  std::vector<JsonSlice> elements() {
    skip_whitespace();
    if (at_end() || current() != '[') fail("expected a list, [...]");
    advance();
    std::vector<JsonSlice> slices;
    skip_whitespace();
    if (!at_end() && current() == ']') {
      advance();
    } else {
      while (add_element(slices)) {
      }
    }
    skip_whitespace();
    if (!at_end()) fail("something follows the list's end");
    return slices;
  }

 private:
  // Whether another element follows this one.
  bool add_element(std::vector<JsonSlice>& slices) {
    skip_whitespace();
    const std::size_t begin = position_;
    const std::size_t line = line_;
    skip_element();
    const std::string_view text = strip(content_.substr(begin, position_ - begin));
    if (text.empty()) fail("expected a value");
    slices.push_back({.text = text, .line = line});
    const bool more = current() == ',';
    advance();
    return more;
  }

  // To the comma or bracket that ends the element.
  void skip_element() {
    std::size_t depth = 0;
    for (; !at_end(); advance()) {
      const char c = current();
      if (c == '"') {
        skip_string();
      } else if (c == '[' || c == '{') {
        ++depth;
      } else if (depth == 0 && (c == ',' || c == ']')) {
        return;
      } else if (c == ']' || c == '}') {
        if (depth == 0) fail("a bracket closes that was not opened");
        --depth;
      }
    }
    fail("the file ends inside the list; it may be truncated");
  }

  // To the string's closing quote.
  void skip_string() {
    for (advance(); !at_end() && current() != '"'; advance()) {
      if (current() == '\\') advance();
      if (at_end()) break;
    }
    if (at_end()) fail("the file ends inside a string; it may be truncated");
  }

  void skip_whitespace() {
    while (!at_end() && std::string_view(" \t\r\n").find(current()) != std::string_view::npos) advance();
  }

  [[nodiscard]] bool at_end() const { return position_ >= content_.size(); }
  [[nodiscard]] char current() const { return content_[position_]; }

  void advance() {
    if (at_end()) return;
    if (current() == '\n') ++line_;
    ++position_;
  }

  [[noreturn]] void fail(std::string_view reason) const { throw_malformed(file_, line_, reason); }

  std::string_view content_;
  std::string_view file_;
  std::size_t position_ = 0;
  std::size_t line_ = 1;
};

}  // namespace

std::vector<JsonSlice> json_lines(std::string_view content) {
  std::vector<JsonSlice> slices;
  for (std::size_t line = 1; !content.empty(); ++line) {
    const std::size_t end = std::min(content.find('\n'), content.size());
    const std::string_view text = strip(content.substr(0, end));
    if (!text.empty()) slices.push_back({.text = text, .line = line});
    content.remove_prefix(std::min(end + 1, content.size()));
  }
  return slices;
}

std::vector<JsonSlice> json_array_elements(std::string_view content, std::string_view file) {
  return ArrayScanner(content, file).elements();
}

nlohmann::json parse_json(const JsonSlice& slice, std::string_view file) {
  try {
    return nlohmann::json::parse(slice.text);
  } catch (const nlohmann::json::parse_error& error) {
    // The library counts bytes from 1.
    const std::size_t offset = error.byte > 0 ? error.byte - 1 : 0;
    throw_malformed(file, slice.line + line_of(slice.text, offset) - 1, short_reason(error.what()));
  } catch (const nlohmann::json::exception& error) {
    throw_malformed(file, slice.line, short_reason(error.what()));
  }
}

JsonValue sample_object(const nlohmann::json& json, const std::string& where) {
  if (!json.is_object()) {
    throw Error(ErrorKind::data,
                fmt::format("{}: a sample must be a JSON object, {{...}}, not {}", where, json.type_name()));
  }
  return {json, [where](const JsonProblem& found) {
            throw Error(ErrorKind::data, fmt::format("{}: field \"{}\" {}", where, found.path, found.problem));
          }};
}

}  // namespace w2s::data
