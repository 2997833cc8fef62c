#include "cli/options/generation_options.h"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

template <typename Number>
std::optional<Number> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// The value that belongs to --steer number `index`.
template <typename T>
T value_for(std::size_t index, const std::vector<T>& values, const T& otherwise) {
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
  throw Error(ErrorKind::usage, fmt::format("'{}': use TOKEN+BIAS or TOKEN-BIAS, for instance 42-1.5", text));
}

Option logit_bias_option(std::map<Token, float>& biases) {
  const ValueType<std::pair<Token, float>> type{.name = "TOKEN(+/-)BIAS", .parse = parse_bias, .show = {}};
  auto option =
      option_of_type("--logit-bias", type, "Make a token likelier or less likely, for instance 42+1 or 42-inf")
          .taking(OptionValues::repeated);
  option.set = [&biases](const OptionTexts& values) {
    biases.clear();
    for (const auto& value : values) {
      const auto [token, bias] = parse_bias(value);
      biases.insert_or_assign(token, bias);
    }
  };
  return option;
}

// "NAME=PATH".
ValueType<SteeringPath> steering_path_type() {
  return {.name = "NAME=PATH", .parse = parse_steering_path, .show = [](const SteeringPath& steering) {
            return steering.name + "=" + steering.path.string();
          }};
}

}  // namespace

ValueType<float> scale_type() {
  return {.name = "X",
          .parse = parse_scale,
          .show = [](const float& scale) { return number_text(scale); },
          .is_text = false};
}

Options SteeringArguments::options_of_sources() {
  return in_group(
      "Steering",
      {option("--steer", steer, steering_path_type(),
              "What to steer with (may be repeated): a behaviour of a results folder (DIR/BEHAVIOR), whose predictor "
              "chooses the layer, or a file of steering vectors, for which it must be named")
           .of_type("NAME=PATH")
           .taking(OptionValues::repeated),
       option("--encoder", encoders, encoder_type(),
              "Where the embedding model is that a predictor sees prompts through: gguf:FILE.gguf or remote:MODEL (may "
              "be repeated); a predictor that sees the model's own layers needs none")
           .of_type("NAME")
           .taking(OptionValues::repeated)});
}

Options SteeringArguments::options() {
  const auto how = in_group(
      "Steering",
      {option("--scale", scales, scale_type(),
              "Strength, negative for the opposite; one for all --steer, or one for each in their order")
           .of_type("X")
           .defaulting_to("1"),
       option(
           "--layer", layers, named_value("LAYER", parse_layer_choice),
           "Where: auto (the predictor decides for this prompt), auto:K (its K most likely layers share the scale by "
           "their probabilities), a layer counted from 0, or a list like 12,13 (they share it equally); one for all "
           "--steer, or one for each in their order")
           .of_type("LAYER")
           .taking(OptionValues::repeated)
           .defaulting_to("auto")});
  return joined(std::vector<Options>{options_of_sources(), how});
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
    requests.push_back({.name = steer[i].name,
                        .scale = value_for(i, scales, SteeringRequest().scale),
                        .layer = value_for(i, layers, LayerChoice())});
  }
  return requests;
}

std::vector<NamedSteering> SteeringArguments::load(const Model& model, int threads, int gpu_layers) const {
  return load_steerings(steer, model, {.encoders = encoders, .threads = threads, .gpu_layers = gpu_layers});
}

Options sampling_options(SamplingOptions& options) {
  const WholeNumber any{.least = std::numeric_limits<std::int32_t>::min()};
  return in_group(
      "Sampling",
      {option("--temp,--temperature", options.temperature, number(), "Temperature; 0: always the most likely token"),
       option("--top-k", options.top_k, any, "Choose among the N most likely tokens; 0: all"),
       option("--top-p", options.top_p, number(),
              "Choose among the most likely tokens that have this probability together; 1: off"),
       option("--min-p", options.min_p, number(),
              "Leave out tokens less likely than this share of the most likely one; 0: off"),
       option("--typical,--typical-p", options.typical_p, number(), "Locally typical sampling; 1: off"),
       option("--repeat-penalty", options.repeat_penalty, number(),
              "Penalty on tokens that were there already; 1: off"),
       option("--repeat-last-n", options.repeat_last_n, any,
              "Tokens that penalties look back at; 0: off, -1: the model's context"),
       option("--presence-penalty", options.presence_penalty, number(),
              "Penalty on tokens that were there at all; 0: off"),
       option("--frequency-penalty", options.frequency_penalty, number(),
              "Penalty on tokens for each time they were there; 0: off"),
       logit_bias_option(options.logit_bias)});
}

Option sampling_seed_option(std::uint32_t& seed) {
  return option("-s,--seed", seed, whole_number(0, std::numeric_limits<std::uint32_t>::max()),
                "Random seed: decides the tokens that are drawn")
      .in("General");
}

std::string describe(const AppliedSteering& applied) {
  const auto how = applied.confidence
                       ? fmt::format(", of which the predictor is {:.0f}% sure", 100 * *applied.confidence)
                       : std::string();
  return fmt::format("{}: layer {}{}; scale {:.4g}", applied.name, applied.layer, how, applied.scale);
}

}  // namespace w2s::cli
