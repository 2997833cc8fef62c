#include "data/json_fields.h"

#include <fmt/format.h>

#include <utility>

#include "w2s/error.h"

namespace w2s::data {

JsonFields::JsonFields(const nlohmann::json& value, std::string where, std::string path)
    : value_(value), where_(std::move(where)), path_(std::move(path)) {
  if (value.is_object()) return;
  if (!path_.empty()) {
    throw Error(ErrorKind::data,
                fmt::format("{}: field \"{}\" must be an object, not {}", where_, path_, value.type_name()));
  }
  throw Error(ErrorKind::data,
              fmt::format("{}: a sample must be a JSON object, {{...}}, not {}", where_, value.type_name()));
}

const nlohmann::json* JsonFields::find(std::string_view name) const {
  const auto field = value_.find(name);
  return field == value_.end() || field->is_null() ? nullptr : &*field;
}

const nlohmann::json& JsonFields::require(std::string_view name) const {
  const nlohmann::json* field = find(name);
  if (field == nullptr) fail(name, "is missing");
  return *field;
}

const std::string& JsonFields::text(std::string_view name) const {
  const nlohmann::json& field = require(name);
  if (!field.is_string()) fail(name, fmt::format("must be a string, not {}", field.type_name()));
  return field.get_ref<const std::string&>();
}

std::optional<std::string> JsonFields::optional_text(std::string_view name) const {
  if (find(name) == nullptr) return std::nullopt;
  return text(name);
}

JsonFields JsonFields::object(std::string_view name) const { return {require(name), where_, path_to(name)}; }

void JsonFields::fail(std::string_view name, std::string_view problem) const {
  throw Error(ErrorKind::data, fmt::format("{}: field \"{}\" {}", where_, path_to(name), problem));
}

std::string JsonFields::path_to(std::string_view name) const {
  return path_.empty() ? std::string(name) : fmt::format("{}.{}", path_, name);
}

}  // namespace w2s::data
