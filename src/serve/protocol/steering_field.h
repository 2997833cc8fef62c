// The field `steering` of a request: {"vectors": [{"name", "scale", "layer"}]}.
#pragma once

#include <vector>

#include "serve/protocol/request_json.h"
#include "serve/protocol/requests.h"
#include "w2s/generation.h"

namespace w2s::serve {

/// `scale` is 1 where it is left out, `layer` is "auto": "auto", "auto:K", a number or a list of numbers. Fields of
/// other names are refused, because a misspelt scale must not steer at 1.
[[nodiscard]] std::vector<SteeringRequest> parse_steering(const JsonValue& steering, const RequestLimits& limits);

}  // namespace w2s::serve
