#include "data/preference_pairs.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "data/sample_checks.h"

namespace w2s::data {
namespace {

SampleId read_id(const JsonValue& sample, std::size_t index) {
  const auto id = sample.find("id");
  if (!id) return static_cast<std::int64_t>(index);
  const nlohmann::json& value = id->value();
  if (value.is_string()) return id->text();
  if (!value.is_number_integer()) {
    id->fail(
        fmt::format("must be an integer or a string, not {}", value.is_number() ? "a fraction" : value.type_name()));
  }
  const bool too_large =
      value.is_number_unsigned() && value.get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
  if (too_large) id->fail("is larger than a 64-bit integer; write it as a string");
  return value.get<std::int64_t>();
}

ChatMessage read_message(const JsonValue& json, bool is_first) {
  const auto role = json.require("role");
  const auto content = json.require("content");
  const ChatMessage message{.role = role.text(), .content = content.text()};
  if (message.role != "system" && message.role != "user" && message.role != "assistant") {
    role.fail("must be \"system\", \"user\" or \"assistant\"");
  }
  if (message.role == "system" && !is_first) role.fail("may be \"system\" in the first message only");
  if (message.role != "system" && message.content.empty()) content.fail("is empty");
  return message;
}

void take_system_message(Sample& sample, const JsonValue& json) {
  const auto system = json.find("system");
  if (system) sample.system = system->text();
  if (sample.messages.empty() || sample.messages.front().role != "system") return;
  if (system) system->fail("and a system message in \"prompt\" are both there; keep one of them");
  sample.system = std::move(sample.messages.front().content);
  sample.messages.erase(sample.messages.begin());
}

Sample read_preference_pair(const nlohmann::json& value, std::string where, std::size_t index) {
  const auto json = sample_object(value, where);
  Sample sample{.id = read_id(json, index),
                .messages = read_messages(json),
                .system = std::nullopt,
                .chosen = json.require("chosen").text(),
                .rejected = json.require("rejected").text(),
                .where = std::move(where)};
  take_system_message(sample, json);
  if (sample.messages.empty()) json.require("prompt").fail("has no message of a user");
  check_answers(sample);
  return sample;
}

}  // namespace

std::vector<ChatMessage> read_messages(const JsonValue& sample) {
  const auto prompt = sample.require("prompt");
  if (prompt.value().is_string()) {
    if (prompt.text().empty()) prompt.fail("is empty");
    return {{.role = "user", .content = prompt.text()}};
  }
  if (!prompt.value().is_array())
    prompt.fail(fmt::format("must be a string or a list of chat messages, not {}", prompt.value().type_name()));
  std::vector<ChatMessage> messages;
  for (std::size_t i = 0; i < prompt.length(); ++i) messages.push_back(read_message(prompt[i], i == 0));
  return messages;
}

std::vector<Sample> read_preference_pairs(std::span<const JsonSlice> lines, std::string_view file) {
  std::vector<Sample> samples;
  samples.reserve(lines.size());
  for (const JsonSlice& line : lines) {
    samples.push_back(
        read_preference_pair(parse_json(line, file), fmt::format("{}:{}", file, line.line), samples.size()));
  }
  return samples;
}

}  // namespace w2s::data
