#include "data/read_behavior.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "data/json_slices.h"
#include "data/model_written_evaluations.h"
#include "data/preference_pairs.h"
#include "data/sample_checks.h"
#include "data/steering_bench.h"
#include "data/text.h"
#include "w2s/base.h"

namespace w2s::data {
namespace {

std::string_view stem_of(const PaperBehavior& behavior) {
  return behavior.mwe_file.substr(behavior.mwe_file.rfind('/') + 1);
}

void check_utf8(std::string_view content, std::string_view file) {
  const std::size_t valid = valid_utf8_prefix(content);
  if (valid == content.size()) return;
  throw Error(ErrorKind::data,
              fmt::format("{}:{}: not UTF-8 text; convert the file to UTF-8", file, line_of(content, valid)));
}

// Behaviours name folders of results.
void check_name(std::string_view name, std::string_view file) {
  if (!name.empty() && !name.starts_with('.') && valid_utf8_prefix(name) == name.size()) return;
  throw Error(ErrorKind::data, fmt::format("{}: the file's name without its ending names the behavior and must be "
                                           "UTF-8 text that does not begin with a dot",
                                           file));
}

void reverse(std::vector<Sample>& samples) {
  for (Sample& sample : samples) std::swap(sample.chosen, sample.rejected);
}

// MWE's files and what steering-bench makes of them: their positive answer is the one that matches the file's name.
Behavior mwe_behavior(std::string_view stem, std::vector<Sample> samples) {
  Behavior behavior;
  behavior.name = stem;
  behavior.samples = std::move(samples);
  const PaperBehavior* paper = paper_behavior_of(stem);
  if (paper == nullptr) return behavior;
  behavior.name = paper->name;
  behavior.positive = paper->positive;
  behavior.negative = paper->negative;
  if (!paper->positive_is_matching) reverse(behavior.samples);
  return behavior;
}

Behavior preference_pair_behavior(std::string_view stem, std::vector<Sample> samples) {
  Behavior behavior;
  behavior.name = stem;
  behavior.samples = std::move(samples);
  return behavior;
}

Behavior detect_and_read(std::string_view content, std::string_view file, std::string_view stem) {
  if (strip(content).starts_with('[')) return mwe_behavior(stem, read_steering_bench(content, file));
  const std::vector<JsonSlice> lines = json_lines(content);
  if (!lines.empty() && is_model_written_evaluation(parse_json(lines.front(), file))) {
    return mwe_behavior(stem, read_model_written_evaluations(lines, file));
  }
  return preference_pair_behavior(stem, read_preference_pairs(lines, file));
}

}  // namespace

const PaperBehavior* paper_behavior_of(std::string_view stem) {
  const auto behaviors = paper_behaviors();
  const auto found = std::ranges::find(behaviors, stem, stem_of);
  return found == behaviors.end() ? nullptr : &*found;
}

Behavior read_behavior(std::string_view content, std::string_view file, std::string_view stem) {
  check_name(stem, file);
  content = without_byte_order_mark(content);
  check_utf8(content, file);
  Behavior behavior = detect_and_read(content, file, stem);
  behavior.system = default_system_message;
  check_samples(behavior, file);
  return behavior;
}

}  // namespace w2s::data
