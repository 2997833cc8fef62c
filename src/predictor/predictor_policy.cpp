#include <fmt/format.h>

#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {

std::string_view to_string(Objective objective) {
  return objective == Objective::cross_entropy ? "cross-entropy" : "expected-steerability";
}

Objective parse_objective(std::string_view name) {
  for (const auto objective : {Objective::cross_entropy, Objective::expected_steerability}) {
    if (name == to_string(objective)) return objective;
  }
  throw Error(ErrorKind::usage,
              fmt::format("unknown objective '{}'; there are: {}, {}", name, to_string(Objective::cross_entropy),
                          to_string(Objective::expected_steerability)));
}

std::string to_string(const PredictorPolicy& policy) {
  if (policy.objective == Objective::expected_steerability) return "expected";
  return fmt::format("top{}", policy.top_k);
}

}  // namespace w2s
