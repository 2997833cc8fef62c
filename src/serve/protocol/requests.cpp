#include "serve/protocol/requests.h"

#include <fmt/format.h>

#include <cstdint>
#include <limits>

#include "serve/protocol/completion_options.h"
#include "serve/protocol/request_json.h"

namespace w2s::serve {
namespace {

constexpr std::int64_t most_chat_alternatives = 20;
constexpr std::int64_t most_text_alternatives = 5;
constexpr std::int64_t most_dimensions = 1 << 20;

// Parses the body and reads the request from it.
template <typename Read>
auto parse_body(std::string_view body, const RequestSettings& settings, const Read& read) {
  const auto json = parse_json(body, settings.limits.nesting);
  const auto root = request_value(json);
  root.check_is_object();
  return read(root);
}

std::string role_of(const JsonValue& message) {
  const auto field = message.require("role");
  const auto& role = field.text(std::numeric_limits<std::size_t>::max());
  if (role == "user" || role == "assistant" || role == "system") return role;
  if (role == "developer") return "system";
  if (role == "tool" || role == "function") refuse(field, fmt::format("{} is not supported", quote(role)));
  field.fail(fmt::format("is {}: use system, developer, user or assistant", quote(role)));
}

const std::string& text_of_part(const JsonValue& part, const RequestLimits& limits) {
  const auto type = part.require("type");
  const auto& name = type.text(std::numeric_limits<std::size_t>::max());
  if (name != "text") refuse(type, fmt::format("is {}: only \"text\" is supported", quote(name)));
  return part.require("text").text(limits.text_bytes);
}

std::string content_of(const JsonValue& message, const RequestLimits& limits) {
  const auto content = message.require("content");
  if (content.value().is_string()) return content.text(limits.text_bytes);
  if (!content.value().is_array())
    content.fail(fmt::format("must be a string or a list of parts, not {}", content.value().type_name()));
  const std::size_t parts = content.length(limits.parts);
  if (parts == 0) content.fail("has no parts");
  std::string text = text_of_part(content[0], limits);
  for (std::size_t i = 1; i < parts; ++i) text += '\n' + text_of_part(content[i], limits);
  if (text.size() > limits.text_bytes)
    content.fail(fmt::format("has {} bytes, {} are allowed", text.size(), limits.text_bytes));
  return text;
}

ChatMessage parse_message(const JsonValue& message, const RequestLimits& limits) {
  for (const auto* name : {"tool_calls", "function_call", "audio", "refusal"}) {
    const auto field = message.find(name);
    if (field && !(field->value().is_array() && field->value().empty())) refuse(*field, "is not supported");
  }
  return {.role = role_of(message), .content = content_of(message, limits)};
}

std::vector<ChatMessage> parse_messages(const JsonValue& messages, const RequestLimits& limits) {
  const std::size_t count = messages.length(limits.messages);
  if (count == 0) messages.fail("is empty");
  std::vector<ChatMessage> parsed;
  for (std::size_t i = 0; i < count; ++i) parsed.push_back(parse_message(messages[i], limits));
  return parsed;
}

std::optional<std::size_t> parse_chat_log_probabilities(const JsonValue& body) {
  const auto asked = body.find("logprobs");
  const bool is_asked = asked && asked->boolean();
  const auto alternatives = body.find("top_logprobs");
  if (!alternatives) return is_asked ? std::optional<std::size_t>(0) : std::nullopt;
  const auto count = alternatives->integer(0, most_chat_alternatives);
  if (!is_asked) alternatives->fail("is only for \"logprobs\": true");
  return static_cast<std::size_t>(count);
}

std::optional<std::size_t> parse_text_log_probabilities(const JsonValue& body) {
  const auto field = body.find("logprobs");
  if (!field) return std::nullopt;
  return static_cast<std::size_t>(field->integer(0, most_text_alternatives));
}

std::vector<Token> parse_tokens(const JsonValue& tokens) {
  const std::size_t count = tokens.length(std::numeric_limits<std::size_t>::max());
  if (count == 0) tokens.fail("is empty");
  std::vector<Token> parsed;
  parsed.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    parsed.push_back(static_cast<Token>(tokens[i].integer(0, std::numeric_limits<Token>::max())));
  return parsed;
}

Prompt parse_prompt(const JsonValue& prompt, const RequestLimits& limits) {
  if (prompt.value().is_string()) return prompt.text(limits.text_bytes);
  return parse_tokens(prompt);
}

// A text, tokens, or a list of either; all of one kind.
std::vector<Prompt> parse_prompts(const JsonValue& field, const RequestLimits& limits) {
  const auto& value = field.value();
  if (value.is_string()) return {parse_prompt(field, limits)};
  if (!value.is_array())
    field.fail(fmt::format("must be a string, tokens, or a list of either, not {}", value.type_name()));
  if (value.empty()) field.fail("is empty");
  if (value[0].is_number()) return {parse_tokens(field)};
  std::vector<Prompt> prompts;
  for (std::size_t i = 0, count = field.length(limits.inputs); i < count; ++i) {
    if (value[i].type() != value[0].type())
      field[i].fail(fmt::format("must be {} as the first one, not {}", value[0].type_name(), value[i].type_name()));
    prompts.push_back(parse_prompt(field[i], limits));
  }
  return prompts;
}

}  // namespace

ChatRequest parse_chat_request(std::string_view body, const RequestSettings& settings) {
  return parse_body(body, settings, [&](const JsonValue& root) {
    ChatRequest request{.messages = {}, .options = parse_completion_options(root, settings)};
    request.messages = parse_messages(root.require("messages"), settings.limits);
    request.options.log_probabilities = parse_chat_log_probabilities(root);
    return request;
  });
}

TextRequest parse_text_request(std::string_view body, const RequestSettings& settings) {
  return parse_body(body, settings, [&](const JsonValue& root) {
    TextRequest request{.prompts = {}, .options = parse_completion_options(root, settings)};
    request.prompts = parse_prompts(root.require("prompt"), settings.limits);
    request.options.log_probabilities = parse_text_log_probabilities(root);
    const std::size_t most = settings.limits.choices;
    if (request.prompts.size() * request.options.choices > most)
      throw invalid_request(fmt::format("{} prompts with n = {}: {} answers are allowed together",
                                        request.prompts.size(), request.options.choices, most),
                            request.prompts.size() > most ? "prompt" : "n");
    return request;
  });
}

EmbeddingsRequest parse_embeddings_request(std::string_view body, const RequestSettings& settings) {
  return parse_body(body, settings, [&](const JsonValue& root) {
    EmbeddingsRequest request{.model = parse_model_name(root, settings.limits), .inputs = {}};
    const auto input = root.require("input");
    request.inputs = parse_prompts(input, settings.limits);
    for (std::size_t i = 0; i < request.inputs.size(); ++i) {
      const auto* text = std::get_if<std::string>(&request.inputs[i]);
      if (text != nullptr && text->empty()) (input.value().is_array() ? input[i] : input).fail("is empty");
    }
    if (const auto format = root.find("encoding_format")) {
      const auto& name = format->text(std::numeric_limits<std::size_t>::max());
      if (name != "float" && name != "base64") format->fail(fmt::format("is {}: use float or base64", quote(name)));
      request.base64 = name == "base64";
    }
    if (const auto dimensions = root.find("dimensions"))
      request.dimensions = static_cast<std::size_t>(dimensions->integer(1, most_dimensions));
    if (const auto steering = root.find("steering")) refuse(*steering, "is not supported for embeddings");
    return request;
  });
}

SamplingOptions sampling_of_choice(const CompletionOptions& options, std::size_t index) {
  auto sampling = options.sampling;
  if (sampling.seed != random_seed)
    sampling.seed = static_cast<std::uint32_t>((std::uint64_t{sampling.seed} + index) % random_seed);
  return sampling;
}

void check_dimensions(const EmbeddingsRequest& request, std::size_t width) {
  if (!request.dimensions || *request.dimensions == width) return;
  throw unsupported(fmt::format("dimensions is {}: this model's embeddings have {}, and are not shortened",
                                *request.dimensions, width),
                    "dimensions");
}

}  // namespace w2s::serve
