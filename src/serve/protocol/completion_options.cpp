#include "serve/protocol/completion_options.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "serve/protocol/steering_field.h"

namespace w2s::serve {
namespace {

using nlohmann::json;

constexpr std::int64_t largest_count = std::numeric_limits<std::int32_t>::max();

// OpenAI's ranges for its own options.
struct NumberOption {
  std::string_view name;
  float SamplingOptions::* value;
  double low;
  double high;
};
constexpr std::array<NumberOption, 7> number_options = {{
    {.name = "temperature", .value = &SamplingOptions::temperature, .low = 0, .high = 2},
    {.name = "top_p", .value = &SamplingOptions::top_p, .low = 0, .high = 1},
    {.name = "min_p", .value = &SamplingOptions::min_p, .low = 0, .high = 1},
    {.name = "typical_p", .value = &SamplingOptions::typical_p, .low = 0, .high = 1},
    {.name = "repeat_penalty", .value = &SamplingOptions::repeat_penalty, .low = 0.01, .high = 100},
    {.name = "frequency_penalty", .value = &SamplingOptions::frequency_penalty, .low = -2, .high = 2},
    {.name = "presence_penalty", .value = &SamplingOptions::presence_penalty, .low = -2, .high = 2},
}};
constexpr double largest_bias = 100;

// What changes an answer and is not supported; some values ask for nothing, and clients send them.
struct RefusedField {
  std::string_view name;
  bool (*asks_for_nothing)(const json& value);
};

bool never(const json& /*value*/) { return false; }
bool is_empty(const json& value) {
  if (value.is_string()) return value.get_ref<const std::string&>().empty();
  return value.is_structured() && value.empty();
}
bool is_false(const json& value) { return value == false; }
bool is_zero(const json& value) { return value == 0; }
bool calls_no_tool(const json& value) { return value == "none" || value == "auto"; }
bool is_text_alone(const json& value) { return value.is_array() && value.size() == 1 && value[0] == "text"; }
bool is_text_format(const json& value) { return value.is_object() && value.value("type", json()) == "text"; }

constexpr std::array<RefusedField, 23> refused_fields = {{
    {.name = "tools", .asks_for_nothing = is_empty},
    {.name = "tool_choice", .asks_for_nothing = calls_no_tool},
    {.name = "functions", .asks_for_nothing = is_empty},
    {.name = "function_call", .asks_for_nothing = calls_no_tool},
    {.name = "response_format", .asks_for_nothing = is_text_format},
    {.name = "modalities", .asks_for_nothing = is_text_alone},
    {.name = "audio", .asks_for_nothing = never},
    {.name = "web_search_options", .asks_for_nothing = never},
    {.name = "reasoning_effort", .asks_for_nothing = [](const json& value) { return value == "none"; }},
    {.name = "verbosity", .asks_for_nothing = [](const json& value) { return value == "medium"; }},
    {.name = "echo", .asks_for_nothing = is_false},
    {.name = "suffix", .asks_for_nothing = is_empty},
    {.name = "n_predict", .asks_for_nothing = never},
    {.name = "n_probs", .asks_for_nothing = is_zero},
    {.name = "grammar", .asks_for_nothing = is_empty},
    {.name = "json_schema", .asks_for_nothing = is_empty},
    {.name = "mirostat", .asks_for_nothing = is_zero},
    {.name = "dynatemp_range", .asks_for_nothing = is_zero},
    {.name = "xtc_probability", .asks_for_nothing = is_zero},
    {.name = "dry_multiplier", .asks_for_nothing = is_zero},
    {.name = "ignore_eos", .asks_for_nothing = is_false},
    {.name = "samplers", .asks_for_nothing = never},
    {.name = "lora", .asks_for_nothing = is_empty},
}};

void refuse_unsupported(const JsonValue& body) {
  for (const auto& [name, asks_for_nothing] : refused_fields) {
    const auto field = body.find(name);
    if (field && !asks_for_nothing(field->value())) refuse(*field, "is not supported: leave it out");
  }
}

// A smaller seed stays as it is; none becomes the one that stands for chance by being folded.
std::uint32_t fold_seed(std::int64_t seed) {
  if (seed == -1) return random_seed;
  const auto bits = static_cast<std::uint64_t>(seed);
  const auto folded = static_cast<std::uint32_t>(bits ^ (bits >> 32U));
  return folded == random_seed && bits != random_seed ? random_seed - 1 : folded;
}

void parse_logit_bias(const JsonValue& biases, const RequestLimits& limits, SamplingOptions& sampling) {
  biases.check_is_object();
  if (biases.value().size() > limits.logit_biases)
    biases.fail(fmt::format("has {} tokens, {} are allowed", biases.value().size(), limits.logit_biases));
  for (const auto& entry : biases.value().items()) {
    const std::string& key = entry.key();
    Token token = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), token);
    if (error != std::errc{} || end != key.data() + key.size() || token < 0)
      biases.fail(fmt::format("has {} where a token's number must be", quote(key)));
    const auto bias = biases.field(key, entry.value());
    sampling.logit_bias[token] = static_cast<float>(bias.number(-largest_bias, largest_bias));
  }
}

SamplingOptions parse_sampling(const JsonValue& body, const RequestSettings& settings) {
  auto sampling = settings.sampling_defaults;
  for (const auto& option : number_options) {
    if (const auto field = body.find(option.name))
      sampling.*option.value = static_cast<float>(field->number(option.low, option.high));
  }
  if (const auto top_k = body.find("top_k"))
    sampling.top_k = static_cast<std::int32_t>(top_k->integer(-1, largest_count));
  if (const auto tokens = body.find("repeat_last_n"))
    sampling.repeat_last_n = static_cast<std::int32_t>(tokens->integer(-1, 1 << 20));
  if (const auto seed = body.find("seed"))
    sampling.seed = fold_seed(seed->integer(-1, std::numeric_limits<std::int64_t>::max()));
  if (const auto biases = body.find("logit_bias")) parse_logit_bias(*biases, settings.limits, sampling);
  return sampling;
}

std::optional<std::size_t> parse_max_tokens(const JsonValue& body) {
  std::optional<std::size_t> most;
  for (const auto* name : {"max_tokens", "max_completion_tokens"}) {
    const auto field = body.find(name);
    if (!field) continue;
    const auto tokens = static_cast<std::size_t>(field->integer(1, largest_count));
    if (most && *most != tokens) field->fail("and max_tokens differ: give one of them");
    most = tokens;
  }
  return most;
}

std::vector<std::string> parse_stop(const JsonValue& stop, const RequestLimits& limits) {
  if (stop.value().is_string()) return {stop.text(limits.stop_bytes)};
  if (!stop.value().is_array())
    stop.fail(fmt::format("must be a string or a list of strings, not {}", stop.value().type_name()));
  std::vector<std::string> strings;
  for (std::size_t i = 0, count = stop.length(limits.stop_strings); i < count; ++i)
    strings.push_back(stop[i].text(limits.stop_bytes));
  return strings;
}

void parse_stream(const JsonValue& body, CompletionOptions& options) {
  if (const auto stream = body.find("stream")) options.stream = stream->boolean();
  const auto stream_options = body.find("stream_options");
  if (!stream_options) return;
  if (!options.stream) stream_options->fail("is only for \"stream\": true");
  if (const auto include_usage = stream_options->find("include_usage"))
    options.include_usage = include_usage->boolean();
}

void parse_choices(const JsonValue& body, const RequestLimits& limits, CompletionOptions& options) {
  if (const auto choices = body.find("n"))
    options.choices = static_cast<std::size_t>(choices->integer(1, static_cast<std::int64_t>(limits.choices)));
  const auto best_of = body.find("best_of");
  if (best_of && static_cast<std::size_t>(best_of->integer(1, largest_count)) != options.choices)
    refuse(*best_of, "is not supported, unless it is as large as n");
}

}  // namespace

std::string parse_model_name(const JsonValue& body, const RequestLimits& limits) {
  const auto model = body.require("model");
  const auto& name = model.text(limits.name_bytes);
  if (name.empty()) model.fail("is empty");
  return name;
}

CompletionOptions parse_completion_options(const JsonValue& body, const RequestSettings& settings) {
  refuse_unsupported(body);
  CompletionOptions options{.model = parse_model_name(body, settings.limits),
                            .max_tokens = parse_max_tokens(body),
                            .sampling = parse_sampling(body, settings)};
  parse_choices(body, settings.limits, options);
  parse_stream(body, options);
  if (const auto stop = body.find("stop")) options.stop = parse_stop(*stop, settings.limits);
  if (const auto steering = body.find("steering")) options.steering = parse_steering(*steering, settings.limits);
  return options;
}

}  // namespace w2s::serve
