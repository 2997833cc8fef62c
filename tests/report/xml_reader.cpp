#include "report/xml_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace w2s::test {
namespace {

constexpr std::string_view spaces = " \t\r\n";

bool is_name_character(char character) {
  const auto is_between = [&](char first, char last) { return character >= first && character <= last; };
  return is_between('a', 'z') || is_between('A', 'Z') || is_between('0', '9') ||
         std::string_view(":_-.").find(character) != std::string_view::npos;
}

// Section 2.2 of XML 1.0, of the characters that one byte or the last of the basic plane make.
bool holds_what_xml_cannot(std::string_view text) {
  const auto is_control = [](char character) {
    const auto byte = static_cast<unsigned char>(character);
    return byte < 0x20 && spaces.find(character) == std::string_view::npos;
  };
  return std::ranges::any_of(text, is_control) || text.find("\xEF\xBF\xBE") != std::string_view::npos ||
         text.find("\xEF\xBF\xBF") != std::string_view::npos;
}

bool is_utf8(std::string_view text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {
    return false;
  }
}

class Reader {
 public:
  explicit Reader(std::string_view document) : document_(document) {}

  std::vector<XmlElement> read() {
    if (!is_utf8(document_)) fail("no UTF-8");
    if (holds_what_xml_cannot(document_)) fail("a character that XML cannot hold");
    take("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    skip_spaces();
    read_element();
    skip_spaces();
    if (at_ != document_.size()) fail("something after the root element");
    return std::move(elements_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw std::runtime_error(fmt::format("{} at byte {}: {}", what, at_, document_.substr(at_, 40)));
  }

  [[nodiscard]] bool is_at(std::string_view text) const { return document_.substr(at_).starts_with(text); }

  bool take(std::string_view text) {
    if (!is_at(text)) return false;
    at_ += text.size();
    return true;
  }

  void expect(std::string_view text) {
    if (!take(text)) fail(fmt::format("no {}", text));
  }

  bool skip_spaces() {
    const std::size_t before = at_;
    while (at_ < document_.size() && spaces.find(document_[at_]) != std::string_view::npos) ++at_;
    return at_ > before;
  }

  std::string_view take_until(std::string_view end) {
    const std::size_t found = document_.find(end, at_);
    if (found == std::string_view::npos) fail(fmt::format("no {}", end));
    const std::string_view taken = document_.substr(at_, found - at_);
    at_ = found + end.size();
    return taken;
  }

  std::string read_name() {
    const std::size_t begin = at_;
    while (at_ < document_.size() && is_name_character(document_[at_])) ++at_;
    if (begin == at_ || (document_[begin] >= '0' && document_[begin] <= '9')) fail("no name");
    return std::string(document_.substr(begin, at_ - begin));
  }

  std::string decoded(std::string_view raw) const {
    std::string text;
    while (!raw.empty()) {
      const std::size_t ampersand = raw.find('&');
      text += raw.substr(0, ampersand);
      if (ampersand == std::string_view::npos) break;
      raw.remove_prefix(ampersand + 1);
      const std::size_t end = raw.find(';');
      if (end == std::string_view::npos) fail("an & that is no entity");
      text += character_of(raw.substr(0, end));
      raw.remove_prefix(end + 1);
    }
    return text;
  }

  [[nodiscard]] std::string character_of(std::string_view entity) const {
    static const std::map<std::string_view, std::string> predefined = {
        {"amp", "&"}, {"lt", "<"}, {"gt", ">"}, {"quot", "\""}, {"apos", "'"}};
    if (const auto found = predefined.find(entity); found != predefined.end()) return found->second;
    const bool is_hexadecimal = entity.starts_with("#x");
    const std::string_view digits = entity.starts_with('#') ? entity.substr(is_hexadecimal ? 2 : 1) : "";
    const std::string_view allowed = is_hexadecimal ? "0123456789abcdefABCDEF" : "0123456789";
    const bool is_number =
        !digits.empty() && digits.size() < 7 && digits.find_first_not_of(allowed) == std::string_view::npos;
    if (!is_number) fail(fmt::format("an unknown entity &{};", entity));
    const auto code = static_cast<std::uint32_t>(std::stoul(std::string(digits), nullptr, is_hexadecimal ? 16 : 10));
    if (code < 0x20 && code != '\t' && code != '\n' && code != '\r') fail("a character that XML cannot hold");
    return code < 0x80 ? std::string(1, static_cast<char>(code)) : fmt::format("U+{:04X}", code);
  }

  void read_attribute(XmlElement& element) {
    const std::string name = read_name();
    expect("=\"");
    const std::string_view value = take_until("\"");
    if (value.find('<') != std::string_view::npos) fail("a < in an attribute");
    if (!element.attributes.emplace(name, decoded(value)).second) fail(fmt::format("{} twice", name));
  }

  void read_element() {
    expect("<");
    const std::size_t index = elements_.size();
    elements_.push_back({read_name(), {}, {}});
    while (skip_spaces() && !is_at(">") && !is_at("/>")) read_attribute(elements_[index]);
    if (take("/>")) return;
    expect(">");
    while (!is_at("</")) {
      if (take("<!--")) {
        if (take_until("-->").find("--") != std::string_view::npos) fail("-- in a comment");
      } else if (is_at("<")) {
        read_element();
      } else {
        read_text(elements_[index]);
      }
    }
    expect("</" + elements_[index].name);
    skip_spaces();
    expect(">");
  }

  void read_text(XmlElement& element) {
    const std::size_t end = document_.find('<', at_);
    if (end == std::string_view::npos) fail("no end tag");
    const std::string_view text = document_.substr(at_, end - at_);
    if (text.find("]]>") != std::string_view::npos) fail("]]> in a text");
    element.text += decoded(text);
    at_ = end;
  }

  std::string_view document_;
  std::size_t at_ = 0;
  std::vector<XmlElement> elements_;
};

}  // namespace

std::vector<XmlElement> xml_elements(std::string_view document) { return Reader(document).read(); }

}  // namespace w2s::test
