// A value of a JSON document that knows its path, so that errors name the field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace w2s {

/// What is wrong with the value at a path, "messages[2].content", or with the document, "". `problem` goes on after the
/// field's name: "must be a string, not null".
struct JsonProblem {
  std::string path;
  std::string problem;
  bool is_missing = false;
};

/// Throws the error that a document of a kind has.
using JsonFailure = std::function<void(const JsonProblem&)>;

/// A view: the JSON must live longer. Every function fails where the value is not what was asked for.
class JsonValue {
 public:
  JsonValue(const nlohmann::json& value, JsonFailure failure)
      : value_(value), failure_(std::make_shared<JsonFailure>(std::move(failure))) {}

  [[nodiscard]] const nlohmann::json& value() const noexcept { return value_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// A field of an object; nothing if it is absent or null.
  [[nodiscard]] std::optional<JsonValue> find(std::string_view name) const;
  [[nodiscard]] JsonValue require(std::string_view name) const;
  /// A field that was found while going through an object.
  [[nodiscard]] JsonValue field(std::string_view name, const nlohmann::json& value) const;
  void check_is_object() const;

  /// The length of an array of at most so many elements.
  [[nodiscard]] std::size_t length(std::size_t most = std::numeric_limits<std::size_t>::max()) const;
  [[nodiscard]] JsonValue operator[](std::size_t index) const;

  [[nodiscard]] bool boolean() const;
  [[nodiscard]] const std::string& text(std::size_t most_bytes = std::numeric_limits<std::size_t>::max()) const;
  [[nodiscard]] double number() const;
  [[nodiscard]] double number(double low, double high) const;
  /// Also a number like 16.0.
  [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high) const;
  /// 0 or more, written without a point.
  [[nodiscard]] std::size_t count() const;

  [[noreturn]] void fail(std::string_view problem) const;

 private:
  JsonValue(const nlohmann::json& value, std::shared_ptr<const JsonFailure> failure, std::string path)
      : value_(value), failure_(std::move(failure)), path_(std::move(path)) {}
  void check_is(bool is_it, std::string_view expected) const;
  [[noreturn]] void fail(const JsonProblem& problem) const;
  [[nodiscard]] std::string path_to(std::string_view name) const;

  const nlohmann::json& value_;
  std::shared_ptr<const JsonFailure> failure_;
  std::string path_;
};

}  // namespace w2s
