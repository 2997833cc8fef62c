#include "engine/chat_template.h"

#include <fmt/format.h>
#include <jinja/lexer.h>
#include <jinja/parser.h>
#include <jinja/runtime.h>
#include <json.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <utility>
#include <vector>

#include "w2s/base.h"

namespace w2s::engine {

struct ChatTemplate::Program {
  std::string source;
  std::string bos_token;
  std::string eos_token;
  jinja::program program;
};

namespace {

// 26 July 2024, noon UTC: the date Llama 3's template falls back to. Today's would change every prompt overnight.
constexpr std::time_t template_date = 1721995200;

common_json as_strings(std::span<const ChatMessage> messages) {
  common_json list = common_json::array();
  for (const auto& message : messages) {
    common_json item = common_json::object();
    item["role"] = message.role;
    item["content"] = message.content;
    list.push_back(item);
  }
  return list;
}

// Some templates of multimodal models know content only as a list of parts.
common_json as_parts(std::span<const ChatMessage> messages) {
  common_json list = common_json::array();
  for (const auto& message : messages) {
    common_json part = common_json::object();
    part["type"] = "text";
    part["text"] = message.content;
    common_json parts = common_json::array();
    parts.push_back(part);
    common_json item = common_json::object();
    item["role"] = message.role;
    item["content"] = parts;
    list.push_back(item);
  }
  return list;
}

std::vector<ChatMessage> with_system_in_first_user_message(std::span<const ChatMessage> messages) {
  std::vector<ChatMessage> merged(messages.begin(), messages.end());
  if (merged.size() < 2 || merged[0].role != "system") return merged;
  const auto user = std::find_if(merged.begin(), merged.end(), [](const auto& m) { return m.role == "user"; });
  if (user == merged.end()) return merged;
  user->content = merged[0].content + "\n\n" + user->content;
  merged.erase(merged.begin());
  return merged;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

bool shows_all(const std::string& rendered, std::span<const ChatMessage> messages) {
  return std::all_of(messages.begin(), messages.end(),
                     [&](const auto& message) { return rendered.find(trimmed(message.content)) != std::string::npos; });
}

}  // namespace

ChatTemplate::ChatTemplate(const std::string& source, std::string bos_token, std::string eos_token) {
  try {
    const auto tokens = jinja::lexer().tokenize(source);
    program_ = std::make_shared<Program>(
        Program{tokens.source, std::move(bos_token), std::move(eos_token), jinja::parse_from_tokens(tokens)});
  } catch (const std::exception& error) {
    throw Error(ErrorKind::model, fmt::format("the model's chat template cannot be parsed: {}", trimmed(error.what())));
  }
}

std::string ChatTemplate::render(std::span<const ChatMessage> messages) const {
  const auto run = [&](const common_json& list) {
    jinja::context context(program_->source);
    context.current_time = template_date;
    common_json globals = common_json::object();
    globals["messages"] = list;
    globals["bos_token"] = program_->bos_token;
    globals["eos_token"] = program_->eos_token;
    globals["add_generation_prompt"] = true;
    globals["enable_thinking"] = false;  // the answer follows the prompt at once
    jinja::global_from_json(context, globals, false);
    jinja::runtime runtime(context);
    return jinja::runtime::gather_string_parts(runtime.execute(program_->program))->as_string().str();
  };

  const auto merged = with_system_in_first_user_message(messages);
  const std::array attempts = {std::pair(messages, &as_strings), std::pair(messages, &as_parts),
                               std::pair(std::span<const ChatMessage>(merged), &as_strings),
                               std::pair(std::span<const ChatMessage>(merged), &as_parts)};
  std::string failure = "it leaves out a message";
  for (const auto& [conversation, form] : attempts) {
    try {
      const std::string text = run(form(conversation));
      if (shows_all(text, messages)) return text;
    } catch (const std::exception& error) {
      failure = trimmed(error.what());
    }
  }
  throw Error(ErrorKind::model, fmt::format("the chat template cannot render this conversation: {}", failure));
}

}  // namespace w2s::engine
