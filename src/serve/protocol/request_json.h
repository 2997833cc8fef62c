// The JSON of a request's body, whose errors are those of the API.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "base/json_value.h"
#include "serve/protocol/api_error.h"

namespace w2s::serve {

/// Throws ApiError for what is not UTF-8, not JSON, or nested deeper than `nesting`; its text has nothing of the body.
[[nodiscard]] nlohmann::json parse_json(std::string_view body, std::size_t nesting);

/// The document, which must live longer. Where a value in it is not what was asked for, it throws ApiError with the
/// value's path as its param.
[[nodiscard]] JsonValue request_value(const nlohmann::json& document);

/// Throws ApiError for what the API has and this server has not; `problem` as for JsonValue::fail.
[[noreturn]] void refuse(const JsonValue& field, std::string_view problem);

/// What a person is shown of a text that a client sent: its beginning, in quotation marks.
[[nodiscard]] std::string quote(std::string_view text);

}  // namespace w2s::serve
