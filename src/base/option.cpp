#include "w2s/option.h"

#include <fmt/format.h>

#include <algorithm>

#include "w2s/base.h"

namespace w2s {

namespace fs = std::filesystem;

std::string Option::key() const {
  const auto dashes = names.find("--");
  if (dashes == std::string::npos) return names;
  const auto begin = dashes + 2;
  return names.substr(begin, names.find(',', begin) - begin);
}

Option Option::in(std::string heading) const {
  auto own = *this;
  own.group = std::move(heading);
  return own;
}

Option Option::required() const {
  auto own = *this;
  own.is_required = true;
  return own;
}

Option Option::defaulting_to(std::string text) const {
  auto own = *this;
  own.default_text = std::move(text);
  return own;
}

Option Option::of_type(std::string name) const {
  auto own = *this;
  own.type_name = std::move(name);
  return own;
}

Option Option::taking(OptionValues count) const {
  auto own = *this;
  own.values = count;
  return own;
}

Option Option::or_word(const std::string& word, const std::function<void()>& set_to_it) const {
  auto own = *this;
  own.check = [word, usual = check](const std::string& value) {
    if (value != word) usual(value);
  };
  own.set = [word, set_to_it, usual = set](const OptionTexts& texts) {
    if (texts == OptionTexts{word}) return set_to_it();
    usual(texts);
  };
  return own;
}

Options in_group(const std::string& group, Options options) {
  for (auto& option : options) option.group = group;
  return options;
}

Options joined(const std::vector<Options>& parts) {
  Options all;
  for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

std::string joined(const OptionTexts& values) { return fmt::format("{}", fmt::join(values, ",")); }

void refuse_value(std::string_view must_be, std::string_view value) {
  throw Error(ErrorKind::usage, fmt::format("must be {}, not '{}'", must_be, value));
}

std::string_view without_plus(std::string_view text) {
  if (text.size() > 1 && text.front() == '+' && text[1] != '-') text.remove_prefix(1);
  return text;
}

std::string number_text(double number) { return fmt::format("{}", number); }
std::string number_text(float number) { return fmt::format("{}", number); }

ValueType<std::size_t> mebibytes(std::string type_name, const WholeNumber& count) {
  constexpr unsigned shift = 20;
  const ValueType<std::size_t> whole = count;
  return {.name = std::move(type_name),
          .parse = [parse = whole.parse](const std::string& text) { return parse(text) << shift; },
          .show = [](const std::size_t& bytes) { return std::to_string(bytes >> shift); },
          .is_text = false};
}

Number number_between(double least, double most) {
  return {.least = least, .most = most, .range = fmt::format("{} to {}", least, most)};
}

ValueType<std::string> any_text(std::string type_name) {
  const auto as_it_is = [](const std::string& text) { return text; };
  return {.name = std::move(type_name), .parse = as_it_is, .show = as_it_is};
}

ValueType<fs::path> any_path(std::string type_name) {
  return {.name = std::move(type_name),
          .parse = [](const std::string& text) { return fs::path(text); },
          .show = [](const fs::path& path) { return path.string(); },
          .in_folder = [](const std::string& path, const fs::path& folder) { return (folder / path).string(); }};
}

ValueType<std::string> any_of(std::vector<std::string> texts, std::string type_name) {
  auto type = any_text(std::move(type_name));
  type.parse = [all = std::move(texts)](const std::string& text) {
    if (std::ranges::find(all, text) == all.end()) refuse_value(fmt::format("one of {}", fmt::join(all, ", ")), text);
    return text;
  };
  return type;
}

ValueType<bool> word_of(std::string type_name, const std::string& if_false, const std::string& if_true) {
  const auto parse = [if_false, if_true](const std::string& word) {
    if (word != if_false && word != if_true) refuse_value(fmt::format(R"("{}" or "{}")", if_false, if_true), word);
    return word == if_true;
  };
  const auto show = [if_false, if_true](const bool& value) { return value ? if_true : if_false; };
  return {.name = std::move(type_name), .parse = parse, .show = show};
}

Option flag(const std::string& names, bool& target, const std::string& help) {
  const auto type = word_of({}, "false", "true");
  auto option = option_of_type(names, type, help).taking(OptionValues::none);
  option.set = [&target, parse = type.parse](const OptionTexts& values) { target = parse(values.back()); };
  option.shown = [&target, show = type.show] { return OptionTexts{show(target)}; };
  return option;
}

}  // namespace w2s
