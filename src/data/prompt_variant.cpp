#include "w2s/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <utility>

#include "w2s/base.h"

namespace w2s {
namespace {

struct VariantName {
  PromptVariant variant;
  std::string_view name;
};

constexpr std::array<PromptVariant, 5> all_variants = {PromptVariant::base, PromptVariant::user_positive,
                                                       PromptVariant::user_negative, PromptVariant::system_positive,
                                                       PromptVariant::system_negative};

bool equal_in_any_case(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  return std::ranges::equal(a, b, {}, upper, upper);
}

bool is_positive(PromptVariant variant) {
  return variant == PromptVariant::user_positive || variant == PromptVariant::system_positive;
}

const std::string& description(const Behavior& behavior, PromptVariant variant) {
  const std::string& text = is_positive(variant) ? behavior.positive : behavior.negative;
  if (!text.empty()) return text;
  throw Error(ErrorKind::data,
              fmt::format("{} needs a {} description of \"{}\"; give it in {}.toml beside the data", to_string(variant),
                          is_positive(variant) ? "positive" : "negative", behavior.name, behavior.name));
}

void put_before_last_user_message(std::vector<ChatMessage>& messages, const std::string& text, const Sample& sample) {
  const auto last = std::find_if(messages.rbegin(), messages.rend(),
                                 [](const ChatMessage& message) { return message.role == "user"; });
  if (last == messages.rend()) {
    throw Error(ErrorKind::data, fmt::format("{}: no user message for the description to go before", sample.where));
  }
  last->content = fmt::format("{} {}", text, last->content);
}

}  // namespace

std::span<const PromptVariant> prompt_variants() { return all_variants; }

std::string_view to_string(PromptVariant variant) {
  switch (variant) {
    case PromptVariant::base:
      return "BASE";
    case PromptVariant::user_positive:
      return "USER.POS";
    case PromptVariant::user_negative:
      return "USER.NEG";
    case PromptVariant::system_positive:
      return "SYS.POS";
    case PromptVariant::system_negative:
      return "SYS.NEG";
  }
  throw Error(ErrorKind::usage, "not a prompt variant");
}

PromptVariant parse_prompt_variant(std::string_view name) {
  std::string names;
  for (const PromptVariant variant : all_variants) {
    if (equal_in_any_case(name, to_string(variant))) return variant;
    names += names.empty() ? "" : ", ";
    names += to_string(variant);
  }
  throw Error(ErrorKind::usage, fmt::format("no prompt variant \"{}\"; there are: {}", name, names));
}

std::vector<ChatMessage> conversation(const Behavior& behavior, const Sample& sample, PromptVariant variant) {
  std::string system = sample.system.value_or(behavior.system);
  std::vector<ChatMessage> turns = sample.messages;
  if (variant == PromptVariant::system_positive || variant == PromptVariant::system_negative) {
    system = description(behavior, variant);
  } else if (variant != PromptVariant::base) {
    put_before_last_user_message(turns, description(behavior, variant), sample);
  }
  if (!system.empty()) turns.insert(turns.begin(), {.role = "system", .content = std::move(system)});
  return turns;
}

}  // namespace w2s
