// The fields that chat and text completions have in common.
#pragma once

#include "serve/protocol/request_json.h"
#include "serve/protocol/requests.h"

namespace w2s::serve {

/// All but log probabilities, whose fields differ. Refuses what is not supported.
[[nodiscard]] CompletionOptions parse_completion_options(const JsonValue& body, const RequestSettings& settings);

[[nodiscard]] std::string parse_model_name(const JsonValue& body, const RequestLimits& limits);

}  // namespace w2s::serve
