#include "cli/print/outcome_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "cli/print/source_report.h"

namespace w2s::cli {
namespace {

constexpr std::string_view w2s_prefix = "w2s-";
constexpr std::string_view mean_behavior = "mean";

// Policies that were compared on the same samples with the same vectors.
using SetKey = std::tuple<std::string, std::string, std::string, std::string>;  // behaviour, method, variant, split

SetKey set_of(const PolicyResult& row) { return {row.behavior, row.method, row.variant, row.split}; }

std::vector<std::vector<PolicyResult>> by_set(std::span<const PolicyResult> results) {
  std::vector<std::vector<PolicyResult>> sets;
  for (const auto& row : results) {
    const auto set = std::ranges::find_if(sets, [&](const auto& rows) { return set_of(rows.front()) == set_of(row); });
    if (set == sets.end()) {
      sets.push_back({row});
    } else {
      set->push_back(row);
    }
  }
  return sets;
}

template <typename Field>
bool differs(std::span<const PolicyResult> results, Field field) {
  return std::ranges::any_of(results, [&](const auto& row) { return row.*field != results.front().*field; });
}

int decimals_for_all(std::span<const PolicyResult> results) {
  double largest = 0;
  for (const auto& row : results) largest = std::max(largest, std::abs(row.steerability));
  return decimals_for(largest);
}

Table table_of_policies(std::span<const PolicyResult> results) {
  auto fields = policy_fields(decimals_for_all(results));
  for (auto& [column, member, sd] : fields) {
    // People are told the behaviour, method or variant only where there are several.
    const auto* text = std::get_if<std::string PolicyResult::*>(&member);
    if (text != nullptr && column.field != "policy" && !differs(results, *text)) column.heading.clear();
  }
  return table_of(fields, results);
}

// "w2s-top3" as "Top-3", "w2s-expected" as what it is trained for.
std::string policy_title(const std::string& policy) {
  auto title = policy.substr(w2s_prefix.size());
  if (title.starts_with("top")) return "Top-" + title.substr(3);
  if (title == to_string(PredictorPolicy{.objective = Objective::expected_steerability}))
    return "expected steerability";
  return title;
}

// What the bootstrap intervals of W2S's gains allow to say.
struct Conclusions {
  std::vector<std::string> better;
  std::vector<std::string> undecided;
  std::vector<std::string> worse;
  double largest_clear_gain = 0;
};

Conclusions conclude(std::span<const PolicyResult> rows, int decimals) {
  Conclusions conclusions;
  for (const auto& row : rows) {
    if (!row.policy.starts_with(w2s_prefix) || !row.gain_over_fixed) continue;
    const auto& gain = *row.gain_over_fixed;
    const auto entry = fmt::format("{} ({})", policy_title(row.policy), to_text(gain, signed_decimals(decimals)));
    if (gain.low > 0) {
      conclusions.better.push_back(entry);
      conclusions.largest_clear_gain = std::max(conclusions.largest_clear_gain, gain.mean);
    } else if (gain.high < 0) {
      conclusions.worse.push_back(entry);
    } else {
      conclusions.undecided.push_back(entry);
    }
  }
  return conclusions;
}

const PolicyResult* find_policy(std::span<const PolicyResult> rows, std::string_view policy) {
  const auto row = std::ranges::find(rows, policy, &PolicyResult::policy);
  return row == rows.end() ? nullptr : &*row;
}

std::string set_title(const PolicyResult& row, bool names_method) {
  auto title = row.behavior;
  if (names_method) title += ", " + row.method;
  if (row.variant != "BASE") title += ", " + row.variant;
  return title;
}

const NoiseFloor* noise_of(const StudyOutcome& outcome, const std::string& behavior) {
  const auto found = std::ranges::find(outcome.noise, behavior, [](const auto& entry) { return entry.first; });
  return found == outcome.noise.end() ? nullptr : &found->second;
}

// A model may answer anything, also what a terminal takes for commands.
std::string on_one_line(std::string text) {
  const auto is_control = [](unsigned char letter) { return letter < 0x20 || letter == 0x7f; };
  const auto repeated = std::ranges::unique(text, [&](char a, char b) { return is_control(a) && is_control(b); });
  text.erase(repeated.begin(), repeated.end());
  std::ranges::replace_if(text, is_control, ' ');
  text.erase(0, text.find_first_not_of(' '));
  return text;
}

std::string notes(const StudyOutcome& outcome) {
  const bool several_methods = differs(outcome.results, &PolicyResult::method);
  std::string text;
  for (const auto& [behavior, noise] : outcome.noise)
    text += fmt::format("Noise floor of {}: {}.\n", behavior, describe(noise));
  text += '\n';
  for (const auto& set : by_set(outcome.results)) {
    if (set.front().behavior == mean_behavior) continue;
    text += fmt::format("{}: {}\n", set_title(set.front(), several_methods),
                        verdict(set, noise_of(outcome, set.front().behavior)));
  }
  if (several_methods && !outcome.agreement.empty()) {
    text += "\nHow near each method comes to the oracle vectors of the validation samples, mean over layers:\n";
    for (const auto& [behavior, method, mean] : outcome.agreement)
      text += fmt::format("{}, {}: {}.\n", behavior, method, describe(mean));
  }
  if (outcome.example) text += "\n" + describe(*outcome.example);
  return text;
}

}  // namespace

std::string describe(const NoiseFloor& noise) {
  return fmt::format(
      "propensity within {:.2g} logits, steerability within {:.2g}, best layer changed on {} of {} samples",
      noise.propensity, noise.steerability, noise.best_layer_changes, noise.samples);
}

std::string describe(const SteeredExample& example) {
  std::string text = fmt::format("A test sample of {}, steered at layer {}, which the predictor chose for it:\n",
                                 example.behavior, example.layer);
  text += fmt::format("  prompt            {}\n", on_one_line(example.prompt));
  for (const auto& [scale, answer] : example.answers) {
    const auto title = scale == 0 ? "unsteered" : fmt::format("steered by {:+g}", scale);
    text += fmt::format("  {:<16}  {}\n", title, on_one_line(answer));
  }
  return text;
}

std::string verdict(std::span<const PolicyResult> rows, const NoiseFloor* noise) {
  const int decimals = decimals_for_all(rows);
  const auto* fixed = find_policy(rows, "fixed");
  const auto fixed_name = fixed != nullptr && fixed->layer ? fmt::format("the best fixed layer, {}", *fixed->layer)
                                                           : std::string("the best fixed layer");
  const auto [better, undecided, worse, largest_clear_gain] = conclude(rows, decimals);

  std::vector<std::string> clauses;
  if (better.empty()) {
    clauses.push_back(fmt::format("W2S does not beat {}", fixed_name));
  } else {
    clauses.push_back(fmt::format("W2S steers better than {}: {}", fixed_name, fmt::join(better, ", ")));
  }
  if (!undecided.empty()) {
    clauses.push_back(fmt::format("no clear difference, the interval includes 0: {}", fmt::join(undecided, ", ")));
  }
  if (!worse.empty()) clauses.push_back(fmt::format("worse: {}", fmt::join(worse, ", ")));
  if (!better.empty() && noise != nullptr && largest_clear_gain < noise->steerability)
    clauses.emplace_back("but that gain is smaller than the noise floor");

  auto sentence = fmt::format("{}.", fmt::join(clauses, "; "));
  const auto* optimum = find_policy(rows, "optimum");
  if (optimum != nullptr && fixed != nullptr) {
    sentence += fmt::format(" Knowing each input's best layer would gain {:+.{}f}.",
                            optimum->steerability - fixed->steerability, decimals);
  }
  return sentence;
}

Report outcome_report(const StudyOutcome& outcome) {
  return {.table = table_of_policies(outcome.results), .notes = notes(outcome)};
}

std::string render_outcome(const StudyOutcome& outcome, Format format) {
  if (format != Format::json) return render(outcome_report(outcome), format);
  auto text = results_to_json(outcome.results);
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

}  // namespace w2s::cli
