#include "data/preference_pairs.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>
#include <utility>

#include "data/json_fields.h"
#include "data/sample_checks.h"
#include "w2s/error.h"

namespace w2s::data {
namespace {

using nlohmann::json;

SampleId read_id(const JsonFields& fields, std::size_t index) {
  const json* id = fields.find("id");
  if (id == nullptr) return static_cast<std::int64_t>(index);
  if (id->is_string()) return id->get<std::string>();
  if (!id->is_number_integer()) {
    fields.fail(
        "id", fmt::format("must be an integer or a string, not {}", id->is_number() ? "a fraction" : id->type_name()));
  }
  const bool too_large =
      id->is_number_unsigned() && id->get<std::uint64_t>() > std::numeric_limits<std::int64_t>::max();
  if (too_large) fields.fail("id", "is larger than a 64-bit integer; write it as a string");
  return id->get<std::int64_t>();
}

ChatMessage read_message(const json& value, const JsonFields& sample, std::size_t index) {
  const JsonFields fields(value, sample.where(), fmt::format("prompt[{}]", index));
  const ChatMessage message{.role = fields.text("role"), .content = fields.text("content")};
  if (message.role != "system" && message.role != "user" && message.role != "assistant") {
    fields.fail("role", "must be \"system\", \"user\" or \"assistant\"");
  }
  if (message.role == "system" && index > 0) fields.fail("role", "may be \"system\" in the first message only");
  if (message.role != "system" && message.content.empty()) fields.fail("content", "is empty");
  return message;
}

void take_system_message(Sample& sample, const JsonFields& fields) {
  sample.system = fields.optional_text("system");
  if (sample.messages.empty() || sample.messages.front().role != "system") return;
  if (sample.system) fields.fail("system", "and a system message in \"prompt\" are both there; keep one of them");
  sample.system = std::move(sample.messages.front().content);
  sample.messages.erase(sample.messages.begin());
}

Sample read_preference_pair(const json& value, std::string where, std::size_t index) {
  const JsonFields fields(value, where);
  Sample sample{.id = read_id(fields, index),
                .messages = read_messages(fields),
                .system = std::nullopt,
                .chosen = fields.text("chosen"),
                .rejected = fields.text("rejected"),
                .where = std::move(where)};
  take_system_message(sample, fields);
  if (sample.messages.empty()) fields.fail("prompt", "has no message of a user");
  check_answers(sample);
  return sample;
}

}  // namespace

std::vector<ChatMessage> read_messages(const JsonFields& fields) {
  const json& prompt = fields.require("prompt");
  if (prompt.is_string()) {
    if (fields.text("prompt").empty()) fields.fail("prompt", "is empty");
    return {{.role = "user", .content = fields.text("prompt")}};
  }
  if (!prompt.is_array()) {
    fields.fail("prompt", fmt::format("must be a string or a list of chat messages, not {}", prompt.type_name()));
  }
  std::vector<ChatMessage> messages;
  for (std::size_t i = 0; i < prompt.size(); ++i) messages.push_back(read_message(prompt[i], fields, i));
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
