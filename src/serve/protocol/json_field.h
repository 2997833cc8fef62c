// A value of a request's JSON that knows its path, so that errors name the field.
#pragma once

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "serve/protocol/api_error.h"

namespace w2s::serve {

/// Throws ApiError for what is not UTF-8, not JSON, or nested deeper than `nesting`; its text has nothing of the body.
[[nodiscard]] nlohmann::json parse_json(std::string_view body, std::size_t nesting);

/// What a person is shown of a text that a client sent: its beginning, in quotation marks.
[[nodiscard]] std::string quote(std::string_view text);

/// A view: the JSON must live longer. Every function throws ApiError with the path as its param where the value is not
/// what was asked for.
class JsonField {
 public:
  explicit JsonField(const nlohmann::json& value, std::string path = {}) : value_(value), path_(std::move(path)) {}

  [[nodiscard]] const nlohmann::json& value() const noexcept { return value_; }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

  /// A field of an object; nothing if it is absent or null.
  [[nodiscard]] std::optional<JsonField> find(std::string_view name) const;
  [[nodiscard]] JsonField require(std::string_view name) const;
  void check_is_object() const;

  /// The length of an array of at most so many elements.
  [[nodiscard]] std::size_t length(std::size_t most) const;
  [[nodiscard]] JsonField operator[](std::size_t index) const;

  [[nodiscard]] bool boolean() const;
  [[nodiscard]] const std::string& text(std::size_t most_bytes) const;
  [[nodiscard]] double number(double low, double high) const;
  /// Also a number like 16.0.
  [[nodiscard]] std::int64_t integer(std::int64_t low, std::int64_t high) const;

  /// What is wrong, after the field's name: "must be a string".
  [[noreturn]] void fail(std::string_view problem) const;
  /// As fail, for what the API has and this server has not.
  [[noreturn]] void refuse(std::string_view problem) const;

 private:
  [[nodiscard]] std::string path_to(std::string_view name) const;
  [[nodiscard]] std::string sentence(std::string_view problem) const;

  const nlohmann::json& value_;
  std::string path_;
};

}  // namespace w2s::serve
