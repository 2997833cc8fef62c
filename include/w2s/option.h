// An option: its name, help, default and check, and the setting it writes. Said once, for command lines and files.
#pragma once

#include <charconv>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

namespace w2s {

/// How many values an option takes.
enum class OptionValues {
  none,  ///< a flag; a file says true or false
  one,
  list,      ///< "1,2,3", or several times the option
  repeated,  ///< several times the option, a value may have commas
  rest       ///< all that follows, up to the next option
};

using OptionTexts = std::vector<std::string>;

/// What reads options calls `check` for each value by itself, then `set` for all of them.
struct Option {
  std::string names;  ///< "-t,--threads"; that of a positional argument has no dashes: "DIR"
  std::string help;
  std::string type_name = {};     ///< "N"; empty for a flag
  std::string default_text = {};  ///< in --help; empty: none is shown
  std::string group = {};         ///< its heading in --help
  OptionValues values = OptionValues::one;
  bool is_text = true;  ///< in a file; else a number
  bool is_required = false;
  std::string needs = {};     ///< the long name of another option; empty: none
  std::string excludes = {};  ///< the same
  /// Throws Error{usage}, as `set` does, that says what is wrong without the option's name.
  std::function<void(const std::string& value)> check = [](const std::string&) {};
  std::function<void(const OptionTexts& values)> set = {};
  /// The setting as it is now; nothing where none is chosen.
  std::function<OptionTexts()> shown = [] { return OptionTexts(); };
  /// A value whose relative paths are relative to a folder, as seen from where the program runs.
  std::function<std::string(const std::string& value, const std::filesystem::path& folder)> in_folder =
      [](const std::string& value, const std::filesystem::path&) { return value; };

  /// "threads" for "-t,--threads".
  [[nodiscard]] std::string key() const;

  [[nodiscard]] Option in(std::string heading) const;
  [[nodiscard]] Option required() const;
  [[nodiscard]] Option defaulting_to(std::string text) const;
  [[nodiscard]] Option of_type(std::string name) const;
  [[nodiscard]] Option taking(OptionValues count) const;
  /// That word by itself, instead of values, does `set_to_it`.
  [[nodiscard]] Option or_word(const std::string& word, const std::function<void()>& set_to_it) const;
};

using Options = std::vector<Option>;

/// The same under a heading.
[[nodiscard]] Options in_group(const std::string& group, Options options);

/// One behind the other.
[[nodiscard]] Options joined(const std::vector<Options>& parts);

/// The values with commas between them.
[[nodiscard]] std::string joined(const OptionTexts& values);

/// What a value of an option may be, and how it becomes one of T.
template <typename T>
struct ValueType {
  std::string name;                            ///< in --help
  std::function<T(const std::string&)> parse;  ///< throws Error{usage} that says what is wrong
  std::function<std::string(const T&)> show;
  bool is_text = true;
  std::function<std::string(const std::string&, const std::filesystem::path&)> in_folder = {};
};

/// Throws Error{usage}: "must be ..., not '...'".
[[noreturn]] void refuse_value(std::string_view must_be, std::string_view value);
/// Without a leading '+', which people write and std::from_chars refuses.
[[nodiscard]] std::string_view without_plus(std::string_view text);
[[nodiscard]] std::string number_text(double number);
[[nodiscard]] std::string number_text(float number);

struct WholeNumber {
  std::int64_t least = 0;
  std::uint64_t most = std::numeric_limits<int>::max();

  template <std::integral T>
  // It stands for any of them. NOLINTNEXTLINE(google-explicit-constructor,misc-explicit-constructor)
  operator ValueType<T>() const {
    const auto parse = [*this](const std::string& text) {
      const auto digits = without_plus(text);
      T value{};
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      const bool is_number = end != digits.data() && end == digits.data() + digits.size();
      if (is_number && (error == std::errc::result_out_of_range || std::cmp_greater(value, most)))
        refuse_value("at most " + std::to_string(most), text);
      if (!is_number || std::cmp_less(value, least))
        refuse_value("a whole number, " + std::to_string(least) + " at least", text);
      return value;
    };
    return {
        .name = "N", .parse = parse, .show = [](const T& value) { return std::to_string(value); }, .is_text = false};
  }
};

[[nodiscard]] inline WholeNumber whole_number(std::int64_t least) { return {.least = least}; }
[[nodiscard]] inline WholeNumber whole_number(std::int64_t least, std::uint64_t most) { return {least, most}; }
/// From `least` on, as large as the setting can hold.
[[nodiscard]] inline WholeNumber any_count(std::int64_t least = 0) {
  return {.least = least, .most = std::numeric_limits<std::uint64_t>::max()};
}

/// Bytes, of which people say how many MiB.
[[nodiscard]] ValueType<std::size_t> mebibytes(std::string type_name, const WholeNumber& count);

struct Number {
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
  std::string range = {};  ///< "above 0": what a number out of range must be

  template <std::floating_point T>
  // It stands for any of them. NOLINTNEXTLINE(google-explicit-constructor,misc-explicit-constructor)
  operator ValueType<T>() const {
    const auto parse = [*this](const std::string& text) {
      const auto digits = without_plus(text);
      T value{};
      const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
      if (error != std::errc() || end != digits.data() + digits.size() || !std::isfinite(value))
        refuse_value("a number", text);
      if (static_cast<double>(value) < least || static_cast<double>(value) > most) refuse_value(range, text);
      return value;
    };
    return {.name = "N", .parse = parse, .show = [](const T& value) { return number_text(value); }, .is_text = false};
  }
};

[[nodiscard]] inline Number number() { return {}; }
[[nodiscard]] inline Number number_above_0() {
  return {.least = std::numeric_limits<double>::denorm_min(), .range = "above 0"};
}
[[nodiscard]] inline Number number_from_0() { return {.least = 0, .range = "0 at least"}; }
[[nodiscard]] Number number_between(double least, double most);

/// Anything.
[[nodiscard]] ValueType<std::string> any_text(std::string type_name);
[[nodiscard]] ValueType<std::filesystem::path> any_path(std::string type_name);

/// What has a name: `parse` makes it of its name, and its to_string() is the inverse.
template <typename Parse>
struct Named {
  std::string type_name;
  Parse parse;

  template <typename T>
    requires std::same_as<T, std::remove_cvref_t<std::invoke_result_t<Parse, const std::string&>>>
  // T follows from `parse`. NOLINTNEXTLINE(google-explicit-constructor,misc-explicit-constructor)
  operator ValueType<T>() const {
    return {.name = type_name,
            .parse = [own = parse](const std::string& text) { return own(text); },
            .show = [](const T& value) { return std::string(to_string(value)); }};
  }
};

template <typename Parse>
[[nodiscard]] Named<Parse> named_value(std::string type_name, Parse parse) {
  return {std::move(type_name), std::move(parse)};
}

/// One of these texts.
[[nodiscard]] ValueType<std::string> any_of(std::vector<std::string> texts, std::string type_name);

/// One of two words.
[[nodiscard]] ValueType<bool> word_of(std::string type_name, const std::string& if_false, const std::string& if_true);

/// All but what it sets.
template <typename T>
[[nodiscard]] Option option_of_type(const std::string& names, const ValueType<T>& type, const std::string& help) {
  Option option{.names = names, .help = help, .type_name = type.name, .is_text = type.is_text};
  option.check = [parse = type.parse](const std::string& value) { static_cast<void>(parse(value)); };
  if (type.in_folder) option.in_folder = type.in_folder;
  return option;
}

/// `target` must outlive the option, here and below.
template <typename T>
[[nodiscard]] Option option(const std::string& names, T& target, const std::type_identity_t<ValueType<T>>& type,
                            const std::string& help) {
  auto option = option_of_type(names, type, help);
  option.set = [&target, parse = type.parse](const OptionTexts& values) { target = parse(values.back()); };
  option.shown = [&target, show = type.show] { return OptionTexts{show(target)}; };
  return option.defaulting_to(type.show(target));
}

/// Without a value where it is not given.
template <typename T>
[[nodiscard]] Option option(const std::string& names, std::optional<T>& target,
                            const std::type_identity_t<ValueType<T>>& type, const std::string& help) {
  auto option = option_of_type(names, type, help);
  option.set = [&target, parse = type.parse](const OptionTexts& values) { target = parse(values.back()); };
  option.shown = [&target, show = type.show] { return target ? OptionTexts{show(*target)} : OptionTexts(); };
  return option;
}

/// A list.
template <typename T>
[[nodiscard]] Option option(const std::string& names, std::vector<T>& target,
                            const std::type_identity_t<ValueType<T>>& type, const std::string& help) {
  auto option = option_of_type(names, type, help).of_type("LIST").taking(OptionValues::list);
  option.set = [&target, parse = type.parse](const OptionTexts& values) {
    std::vector<T> parsed;
    for (const auto& value : values) parsed.push_back(parse(value));
    target = std::move(parsed);
  };
  option.shown = [&target, show = type.show] {
    OptionTexts texts;
    for (const auto& value : target) texts.push_back(show(value));
    return texts;
  };
  return option.defaulting_to(joined(option.shown()));
}

/// True where it is given.
[[nodiscard]] Option flag(const std::string& names, bool& target, const std::string& help);

}  // namespace w2s
