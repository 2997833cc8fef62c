// Cuts a data file into the JSON texts of its samples, each with its line, so that an error can name that line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_value.h"

namespace w2s::data {

/// The JSON text of one sample, not yet parsed.
struct JsonSlice {
  std::string_view text;
  std::size_t line = 1;  ///< of the file, 1-based, where `text` begins
};

/// The lines of a JSON Lines file that are not blank.
[[nodiscard]] std::vector<JsonSlice> json_lines(std::string_view content);

/// The elements of the JSON array that the content is. Throws Error{data} if brackets or strings do not close, or
/// something follows the array; the elements themselves are checked when they are parsed.
[[nodiscard]] std::vector<JsonSlice> json_array_elements(std::string_view content, std::string_view file);

/// Throws Error{data} with file and line if the text is not one JSON value.
[[nodiscard]] nlohmann::json parse_json(const JsonSlice& slice, std::string_view file);

/// A sample's JSON, which must live longer. Its errors are Error{data} that begin with `where`, "file:line", and name
/// the field. Throws if it is no object.
[[nodiscard]] JsonValue sample_object(const nlohmann::json& json, const std::string& where);

}  // namespace w2s::data
