#include "data/steering_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "data/json_slices.h"
#include "data/sample_checks.h"
#include "data/text.h"

namespace w2s::data {
namespace {

// steering-bench puts one space between the generation prompt and the response. The responses of its advanced-ai-risk
// files begin with a space already ("  (A)" would be tokenised differently), those of its persona files do not.
std::string answer(std::string_view response) { return fmt::format(" {}", strip(response)); }

Sample read_example(const nlohmann::json& value, std::string where, std::size_t index) {
  const auto json = sample_object(value, where);
  const auto positive = json.require("positive");
  const auto negative = json.require("negative");
  const auto positive_prompt = positive.require("prompt");
  const auto negative_prompt = negative.require("prompt");
  const std::string& prompt = positive_prompt.text();
  if (prompt.empty()) positive_prompt.fail("is empty");
  if (prompt != negative_prompt.text())
    negative_prompt.fail("differs from \"positive.prompt\"; a sample is one prompt with two answers");
  Sample sample{.id = static_cast<std::int64_t>(index),
                .messages = {{.role = "user", .content = prompt}},
                .system = std::nullopt,
                .chosen = answer(positive.require("response").text()),
                .rejected = answer(negative.require("response").text()),
                .where = std::move(where)};
  check_answers(sample);
  return sample;
}

}  // namespace

bool looks_like_steering_bench(std::string_view beginning) {
  for (const char expected : {'[', '{', '"'}) {
    beginning = strip(beginning);
    if (!beginning.starts_with(expected)) return false;
    beginning.remove_prefix(1);
  }
  constexpr std::array<std::string_view, 4> keys = {"positive\"", "negative\"", "meta\"", "steering_token_index\""};
  return std::ranges::any_of(keys, [&](std::string_view key) { return beginning.starts_with(key); });
}

std::vector<Sample> read_steering_bench(std::string_view content, std::string_view file) {
  std::vector<Sample> samples;
  for (const JsonSlice& element : json_array_elements(content, file)) {
    samples.push_back(
        read_example(parse_json(element, file), fmt::format("{}:{}", file, element.line), samples.size()));
  }
  return samples;
}

}  // namespace w2s::data
