// Policies, behaviour by behaviour.
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "experiment/paper/builders.h"
#include "experiment/paper/policies.h"

namespace w2s::paper {
namespace {

struct BehaviorFigure {
  std::string id;
  std::string title;
  std::string_view variant = "BASE";
  std::vector<std::string_view> policies = {};
  std::vector<PolicyMeasure> measures = {};
};

Observations shown(const BehaviorFigure& figure, const Observations& all) {
  Observations shown{.keys = {"method", "policy"}, .measures = {}};
  for (const auto measure : figure.measures) shown.measures.push_back(all.measures[measure]);
  for (const auto& row : all.rows) {
    const auto text = [&](PolicyKey key) -> std::string_view { return std::get<std::string>(row.keys[key]); };
    if (text(variant_key) != figure.variant ||
        std::ranges::find(figure.policies, text(policy_key)) == figure.policies.end())
      continue;
    auto& kept = shown.rows.emplace_back(row);
    kept.keys = {row.keys[method_key], row.keys[policy_key]};
    kept.numbers.clear();
    for (const auto measure : figure.measures) kept.numbers.push_back(row.numbers[measure]);
  }
  return shown;
}

PaperTable build(const BehaviorFigure& figure, Findings findings) {
  const auto observations = shown(figure, policy_observations(findings));
  return {.id = figure.id, .title = figure.title, .notes = coverage(observations), .table = tidy_table(observations)};
}

// One figure of the paper has the steerability, the next one the proportion.
PaperTable shifted_figure(std::string_view variant, int number, Findings findings) {
  return build({.id = fmt::format("supp-figures{}-{}", number, number + 1),
                .title = fmt::format("Steerability and proportion steerable by behavior in {} (the paper's Supp. "
                                     "Figures {} and {})",
                                     variant, number, number + 1),
                .variant = variant,
                .policies = {"fixed", "w2s-top1"},
                .measures = {steerability_measure, proportion_measure}},
               findings);
}

}  // namespace

PaperTable figure3(Findings findings) {
  return build({.id = "figure3",
                .title = "Steerability by behavior, fixed layer and W2S (the paper's Figure 3)",
                .policies = {"fixed", "w2s-top1"},
                .measures = {steerability_measure}},
               findings);
}

PaperTable figure4(Findings findings) {
  return build({.id = "figure4",
                .title = "Proportion of steerable inputs by behavior, fixed layer and W2S (the paper's Figure 4)",
                .policies = {"fixed", "w2s-top1"},
                .measures = {proportion_measure}},
               findings);
}

PaperTable supp_figures1_2(Findings findings) { return shifted_figure("SYS.NEG", 1, findings); }
PaperTable supp_figures3_4(Findings findings) { return shifted_figure("SYS.POS", 3, findings); }
PaperTable supp_figures5_6(Findings findings) { return shifted_figure("USER.NEG", 5, findings); }
PaperTable supp_figures7_8(Findings findings) { return shifted_figure("USER.POS", 7, findings); }

PaperTable supp_figures19_22(Findings findings) {
  return build(
      {.id = "supp-figures19-22",
       .title = "Label smoothing by behavior: steerability and proportion steerable of Top-1, Top-2, Top-3 (the "
                "paper's Supp. Figures 19 to 22)",
       .policies = {"fixed", "w2s-top1", "w2s-top2", "w2s-top3"},
       .measures = {steerability_measure, proportion_measure}},
      findings);
}

}  // namespace w2s::paper
