#include "experiment/paper/policies.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

namespace w2s::paper {

Observations policy_observations(Findings findings) {
  const auto fields = policy_fields();
  Observations observations{.keys = {"method", "variant", "policy"},
                            .measures = {policy_measures.begin(), policy_measures.end()}};
  for (const auto& study : findings) {
    std::vector<std::string> methods;
    for (const auto& row : study.results) methods.push_back(row.method);
    for (const auto& row : study.results) {
      if (row.behavior == mean_behavior || is_brought_along(row.method, methods)) continue;
      observations.rows.push_back(observe(study, row, fields, observations));
    }
  }
  return observations;
}

const std::string& key_text(const Summary& summary, std::size_t key) {
  return std::get<std::string>(summary.keys[key]);
}

std::string method_title(std::string_view method) {
  constexpr auto titles = std::to_array<std::pair<std::string_view, std::string_view>>(
      {{"caa", "CAA"}, {"l2s", "L2S"}, {"cast", "CAST"}, {"pca", "PCA"}});
  const auto* const title = std::ranges::find(titles, method, [](const auto& entry) { return entry.first; });
  return std::string(title == titles.end() ? method : title->second);
}

std::string policy_title(std::string_view policy) {
  constexpr std::string_view top = "w2s-top";
  if (policy == "fixed") return "Fixed";
  if (policy == "w2s-expected") return "Expected steerability";
  if (policy.starts_with(top)) return fmt::format("Top-{}", policy.substr(top.size()));
  return std::string(policy);
}

}  // namespace w2s::paper
