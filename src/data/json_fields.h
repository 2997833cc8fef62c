// The fields of a JSON object, with errors that say where the object stands and which field is wrong.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace w2s::data {

/// A view: the JSON value must live longer.
class JsonFields {
 public:
  /// `where` is "file:line"; `path` leads to the object when it is a part of the sample, for instance "prompt[2]".
  /// Throws Error{data} if the value is not an object.
  JsonFields(const nlohmann::json& value, std::string where, std::string path = {});

  /// The field, or nothing if it is absent or null.
  [[nodiscard]] const nlohmann::json* find(std::string_view name) const;
  /// As find(); absent or null is an Error{data}, like a wrong type in the functions below.
  [[nodiscard]] const nlohmann::json& require(std::string_view name) const;
  [[nodiscard]] const std::string& text(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name) const;
  [[nodiscard]] JsonFields object(std::string_view name) const;

  /// "file:line"
  [[nodiscard]] const std::string& where() const { return where_; }
  /// Throws Error{data} that says "file:line: field "name" <problem>".
  [[noreturn]] void fail(std::string_view name, std::string_view problem) const;

 private:
  [[nodiscard]] std::string path_to(std::string_view name) const;

  const nlohmann::json& value_;
  std::string where_;
  std::string path_;
};

}  // namespace w2s::data
