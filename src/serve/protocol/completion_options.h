// The fields that chat and text completions have in common.
#pragma once

#include "serve/protocol/json_field.h"
#include "serve/protocol/requests.h"

namespace w2s::serve {

/// All but log probabilities, whose fields differ. Refuses what is not supported.
[[nodiscard]] CompletionOptions parse_completion_options(const JsonField& body, const RequestSettings& settings);

[[nodiscard]] std::string parse_model_name(const JsonField& body, const RequestLimits& limits);

}  // namespace w2s::serve
