#include "data/model_written_evaluations.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

#include "data/sample_checks.h"
#include "data/text.h"

namespace w2s::data {
namespace {

struct MultipleChoice {
  std::string question;
  std::string_view matching;  // "(A)" or "(B)"
  std::string_view not_matching;
};

// "(A)": the question lists the choices itself, as in advanced-ai-risk.
bool is_choice(std::string_view answer) {
  return answer.size() == 3 && answer[0] == '(' && answer[1] >= 'A' && answer[1] <= 'Z' && answer[2] == ')';
}

// Marks that the data's authors left in some questions, around the name of a text source.
std::string without_meta_tags(std::string_view text) {
  constexpr std::string_view start = "<META_START>";
  constexpr std::string_view end = "<META_END>";
  std::string result;
  for (;;) {
    const std::size_t from = text.find(start);
    const std::size_t to = from == std::string_view::npos ? from : text.find(end, from);
    if (to == std::string_view::npos) return result.append(text);
    result.append(text.substr(0, from));
    text.remove_prefix(to + end.size());
  }
}

// The data alternates Yes and No with every sample; swapping the choices with every second one keeps the letter
// independent of both (steering-bench's rule).
MultipleChoice append_choices(std::string_view question, std::string_view matching, std::string_view not_matching,
                              std::size_t index) {
  const bool swapped = (index / 2) % 2 == 0;
  if (swapped) {
    return {fmt::format("{}\n\nChoices:\n(A): {}\n(B): {}", question, not_matching, matching), "(B)", "(A)"};
  }
  return {fmt::format("{}\n\nChoices:\n(A): {}\n(B): {}", question, matching, not_matching), "(A)", "(B)"};
}

Sample read_evaluation(const nlohmann::json& value, std::string where, std::size_t index) {
  const auto json = sample_object(value, where);
  std::string question = without_meta_tags(json.require("question").text());
  const std::string& matching = json.require("answer_matching_behavior").text();
  const auto other_answer = json.require("answer_not_matching_behavior");
  const std::string& not_matching = other_answer.text();
  if (strip(question).empty()) json.require("question").fail("is empty");

  const bool has_choices = is_choice(strip(matching)) && is_choice(strip(not_matching));
  if (matching == not_matching) other_answer.fail("equals the matching answer");
  MultipleChoice choice = has_choices ? MultipleChoice{std::move(question), strip(matching), strip(not_matching)}
                                      : append_choices(question, matching, not_matching, index);
  Sample sample{.id = static_cast<std::int64_t>(index),
                .messages = {{.role = "user", .content = std::move(choice.question)}},
                .system = std::nullopt,
                .chosen = fmt::format(" {}", choice.matching),
                .rejected = fmt::format(" {}", choice.not_matching),
                .where = std::move(where)};
  check_answers(sample);
  return sample;
}

}  // namespace

bool is_model_written_evaluation(const nlohmann::json& line) {
  return line.is_object() &&
         (line.contains("answer_matching_behavior") || line.contains("answer_not_matching_behavior"));
}

std::vector<Sample> read_model_written_evaluations(std::span<const JsonSlice> lines, std::string_view file) {
  std::vector<Sample> samples;
  samples.reserve(lines.size());
  for (const JsonSlice& line : lines) {
    samples.push_back(read_evaluation(parse_json(line, file), fmt::format("{}:{}", file, line.line), samples.size()));
  }
  return samples;
}

}  // namespace w2s::data
