// What users call the values of an enumeration, as arrays of pairs of a value and its name.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace w2s {

/// The name of a value; "unknown" if it has none.
template <typename Names>
[[nodiscard]] constexpr std::string_view name_of(const Names& names, typename Names::value_type::first_type value) {
  const auto found = std::ranges::find(names, value, &Names::value_type::first);
  return found == names.end() ? std::string_view("unknown") : found->second;
}

/// The value of that name, if there is one.
template <typename Names>
[[nodiscard]] constexpr auto find_by_name(const Names& names, std::string_view name) {
  using Value = Names::value_type::first_type;
  const auto found = std::ranges::find(names, name, &Names::value_type::second);
  return found == names.end() ? std::nullopt : std::optional<Value>(found->first);
}

/// The names with commas between them, for messages.
template <typename Names>
[[nodiscard]] std::string list_names(const Names& names) {
  std::string list;
  for (const auto& entry : names) list.append(list.empty() ? "" : ", ").append(entry.second);
  return list;
}

}  // namespace w2s
