#include "cli/generation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <limits>
#include <optional>
#include <system_error>

#include "w2s/error.h"

namespace w2s::cli {
namespace {

constexpr const char* steering_group = "Steering";
constexpr const char* sampling_group = "Sampling";

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The value that belongs to --steer number `index`.
std::string value_for(std::size_t index, const std::vector<std::string>& values, const std::string& otherwise) {
  if (values.empty()) return otherwise;
  return values.size() == 1 ? values.front() : values[index];
}

void check_count(const char* option, std::size_t values, std::size_t steerings) {
  if (values <= 1 || values == steerings) return;
  throw Error(ErrorKind::usage,
              fmt::format("{} --steer and {} {}: give one for all, or one for each", steerings, values, option));
}

std::pair<Token, float> parse_bias(const std::string& text) {
  const auto sign = text.find_first_of("+-");
  if (sign != std::string::npos) {
    const auto token = parse_number<Token>(std::string_view(text).substr(0, sign));
    const auto bias = parse_number<float>(std::string_view(text).substr(sign));
    if (token && bias) return {*token, *bias};
  }
  throw Error(ErrorKind::usage,
              fmt::format("--logit-bias '{}': use TOKEN+BIAS or TOKEN-BIAS, for instance 42-1.5", text));
}

}  // namespace

void SteeringArguments::add_sources_to(CommandLine& line) {
  line.add_option("--steer", steer,
                  "What to steer with (may be repeated): a behaviour of a results folder (DIR/BEHAVIOR), whose "
                  "predictor chooses the layer, or a file of steering vectors, for which it must be named")
      ->allow_extra_args(false)
      ->type_name("NAME=PATH")
      ->group(steering_group);
  line.add_option("--encoder", encoders,
                  "Where the embedding model is that a predictor sees prompts through: gguf:FILE.gguf or remote:MODEL "
                  "(may be repeated); a predictor that sees the model's own layers needs none")
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->group(steering_group);
}

void SteeringArguments::add_to(CommandLine& line) {
  add_sources_to(line);
  line.add_option("--scale", scales,
                  "Strength, negative for the opposite; one for all --steer, or one for each in their order")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("X")
      ->default_str("1")
      ->group(steering_group);
  line.add_option(
          "--layer", layers,
          "Where: auto (the predictor decides for this prompt), auto:K (its K most likely layers share the "
          "scale by their probabilities), a layer counted from 0, or a list like 12,13 (they share it equally); "
          "one for all --steer, or one for each in their order")
      ->allow_extra_args(false)
      ->type_name("LAYER")
      ->default_str("auto")
      ->group(steering_group);
}

float parse_scale(const std::string& text) {
  const auto scale = parse_number<float>(text);
  if (!scale) throw Error(ErrorKind::usage, fmt::format("scale '{}' is no number", text));
  return *scale;
}

std::vector<SteeringRequest> SteeringArguments::requests() const {
  if (steer.empty() && !(scales.empty() && layers.empty()))
    throw Error(ErrorKind::usage, "--scale and --layer need a --steer NAME=PATH");
  check_count("--scale", scales.size(), steer.size());
  check_count("--layer", layers.size(), steer.size());
  std::vector<SteeringRequest> requests;
  for (std::size_t i = 0; i < steer.size(); ++i) {
    requests.push_back({.name = parse_steering_path(steer[i]).name,
                        .scale = parse_scale(value_for(i, scales, "1")),
                        .layer = parse_layer_choice(value_for(i, layers, "auto"))});
  }
  return requests;
}

std::vector<NamedSteering> SteeringArguments::load(const Model& model, int threads, int gpu_layers) const {
  std::vector<SteeringPath> paths;
  for (const auto& text : steer) paths.push_back(parse_steering_path(text));
  return load_steerings(paths, model, {.encoders = encoders, .threads = threads, .gpu_layers = gpu_layers});
}

void SamplingArguments::add_to(CommandLine& line) {
  const auto add = [&](const std::string& name, auto& value, const std::string& help) {
    line.add_option(name, value, help)->type_name("N")->group(sampling_group);
  };
  add("--temp,--temperature", options.temperature, "Temperature; 0: always the most likely token");
  add("--top-k", options.top_k, "Choose among the N most likely tokens; 0: all");
  add("--top-p", options.top_p, "Choose among the most likely tokens that have this probability together; 1: off");
  add("--min-p", options.min_p, "Leave out tokens less likely than this share of the most likely one; 0: off");
  add("--typical,--typical-p", options.typical_p, "Locally typical sampling; 1: off");
  add("--repeat-penalty", options.repeat_penalty, "Penalty on tokens that were there already; 1: off");
  add("--repeat-last-n", options.repeat_last_n, "Tokens that penalties look back at; 0: off, -1: the model's context");
  add("--presence-penalty", options.presence_penalty, "Penalty on tokens that were there at all; 0: off");
  add("--frequency-penalty", options.frequency_penalty, "Penalty on tokens for each time they were there; 0: off");
  line.add_option("--logit-bias", logit_bias, "Make a token likelier or less likely, for instance 42+1 or 42-inf")
      ->allow_extra_args(false)
      ->type_name("TOKEN(+/-)BIAS")
      ->group(sampling_group);
}

SamplingOptions SamplingArguments::with_seed(std::uint64_t seed) const {
  constexpr auto largest = std::numeric_limits<std::uint32_t>::max();
  if (seed > largest) throw Error(ErrorKind::usage, fmt::format("--seed {}: use 0 to {}", seed, largest));
  auto sampling = options;
  sampling.seed = static_cast<std::uint32_t>(seed);
  for (const auto& text : logit_bias)
    sampling.logit_bias.insert_or_assign(parse_bias(text).first, parse_bias(text).second);
  return sampling;
}

std::string describe(const AppliedSteering& applied) {
  const auto how = applied.confidence
                       ? fmt::format(", of which the predictor is {:.0f}% sure", 100 * *applied.confidence)
                       : std::string();
  return fmt::format("{}: layer {}{}; scale {:.4g}", applied.name, applied.layer, how, applied.scale);
}

}  // namespace w2s::cli
