// The outcomes of policies, for the tables and figures that show them.
#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "experiment/paper/findings.h"

namespace w2s::paper {

/// Indices of the keys and of the measures of `policy_observations`.
enum PolicyKey : std::size_t { method_key, variant_key, policy_key };
enum PolicyMeasure : std::size_t { steerability_measure, proportion_measure, regret_measure, accuracy_measure };
inline constexpr std::array<std::string_view, 4> policy_measures = {"steerability", "proportion_steerable", "regret",
                                                                    "accuracy"};

/// Of all behaviours, their means excepted, and all methods that were not merely brought along.
[[nodiscard]] Observations policy_observations(Findings findings);

[[nodiscard]] const std::string& key_text(const Summary& summary, std::size_t key);

/// "CAA" for "caa".
[[nodiscard]] std::string method_title(std::string_view method);
/// "Top-2" for "w2s-top2".
[[nodiscard]] std::string policy_title(std::string_view policy);

}  // namespace w2s::paper
