#include <algorithm>
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "w2s/predictor.h"

namespace w2s {
namespace {

auto group_of(const PolicyResult& row) { return std::tie(row.method, row.variant, row.split, row.policy); }

// Absent if it is absent in one of the rows.
std::optional<double> mean_of(const std::vector<const PolicyResult*>& rows,
                              std::optional<double> PolicyResult::* field) {
  double sum = 0;
  for (const PolicyResult* row : rows) {
    if (!(row->*field)) return std::nullopt;
    sum += *(row->*field);
  }
  return sum / static_cast<double>(rows.size());
}

PolicyResult mean_of(const std::vector<const PolicyResult*>& rows) {
  PolicyResult mean = *rows.front();
  mean.behavior = "mean";
  mean.layer.reset();
  mean.samples = 0;
  mean.steerability = 0;
  mean.proportion_steerable = 0;
  // How the behaviours' outcomes vary together is not in the rows.
  mean.steerability_sd.reset();
  mean.proportion_sd.reset();
  mean.gain_over_fixed.reset();
  mean.regret = mean_of(rows, &PolicyResult::regret);
  mean.accuracy = mean_of(rows, &PolicyResult::accuracy);
  const auto count = static_cast<double>(rows.size());
  for (const PolicyResult* row : rows) {
    mean.samples += row->samples;
    mean.steerability += row->steerability / count;
    mean.proportion_steerable += row->proportion_steerable / count;
  }
  return mean;
}

}  // namespace

std::vector<PolicyResult> mean_over_behaviors(std::span<const PolicyResult> results) {
  std::set<std::string> behaviors;
  for (const PolicyResult& row : results) behaviors.insert(row.behavior);
  if (behaviors.size() < 2) return {};

  std::vector<std::vector<const PolicyResult*>> groups;
  for (const PolicyResult& row : results) {
    const auto group = std::ranges::find_if(
        groups, [&](const auto& candidate) { return group_of(*candidate.front()) == group_of(row); });
    if (group == groups.end()) {
      groups.push_back({&row});
    } else {
      group->push_back(&row);
    }
  }
  std::vector<PolicyResult> means;
  for (const auto& group : groups) {
    // A mean over some of the behaviours could not be compared with the others.
    if (group.size() == behaviors.size()) means.push_back(mean_of(group));
  }
  return means;
}

}  // namespace w2s
