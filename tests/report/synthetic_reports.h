// Reports on models that were never steered: plausible numbers, and whatever names and prompts a test asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "report/report_data.h"

namespace w2s::test {

struct SyntheticShape {
  std::vector<std::string> behaviors = {"warm"};
  std::vector<std::string> methods = {"caa"};
  std::size_t samples = 20;
  std::size_t layers = 6;
  std::vector<float> multipliers = {-1.0F, -0.5F, 0.0F, 0.5F, 1.0F};
  std::size_t epochs = 20;  ///< of each training curve
  std::uint64_t seed = 1;
  /// The text of a behaviour's sample.
  std::function<PromptText(std::size_t behavior, std::size_t sample)> prompt_of = {};
};

/// Steerability is a hill over the layers, somewhere else for each sample; the predictors find the top more or less.
/// What follows from the propensities (best layers, means, results) is computed from them.
[[nodiscard]] report::ReportData synthetic_report(const SyntheticShape& shape);

/// Names and prompts with markup, quotes, text from right to left, control characters, a line of a megabyte, emoji and
/// bytes that are not UTF-8.
[[nodiscard]] report::ReportData hostile_report();

/// 13 behaviours of 1000 samples at 40 layers and 7 multipliers, with prompts of about 600 characters.
[[nodiscard]] report::ReportData large_report();

}  // namespace w2s::test
