// What steering costs: generations steered where a predictor says, against the same engine's unsteered, in one run.
// The predictor is that of a results folder: W2S_STEER=DIR/<behavior>, or what `make demo` left; else a made-up one.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "generate/generations.h"
#include "support/shared_data.h"
#include "w2s/dataset.h"
#include "w2s/error.h"
#include "w2s/prompt_variant.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t answer_tokens = 32;
constexpr std::int64_t short_prompt = 40;  // about what the built-in samples have as they are
constexpr std::int64_t long_prompt = 300;

// The process's processor time: what else the machine does is not measured.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

struct Prompt {
  std::vector<Token> tokens;
  std::string text;
};

struct Times {
  double first_token = 0;  ///< mean over the generations
  double all = 0;
  std::size_t decoded_twice = 0;  ///< generations whose layer lies before the one that the predictor sees
};

class Setting {
 public:
  explicit Setting(const fs::path& file)
      : model_(Model::load(file)), steering_(find_steering(file)), never_ends_(sampling_without_end()) {}

  /// Which predictor it is.
  [[nodiscard]] const std::string& label() const { return label_; }

  /// The built-in data's, made longer by others in front of the question.
  [[nodiscard]] Prompt prompt(std::size_t index, std::int64_t length) const {
    const auto& samples = data_.samples;
    auto sample = samples[index % samples.size()];
    auto& question = sample.messages.front().content;
    for (std::size_t other = index + 1;; ++other) {
      auto tokens = tokenize_sample(model_, data_, sample).prompt;
      if (length == short_prompt || static_cast<std::int64_t>(tokens.size()) >= length)
        return {std::move(tokens), text_for_encoders(conversation(data_, sample, PromptVariant::base))};
      question.insert(0, samples[other % samples.size()].messages.front().content + " ");
    }
  }

  /// One thread, all prompts at once.
  [[nodiscard]] Times measure(const std::vector<Prompt>& prompts, bool is_steered, std::size_t max_tokens) const {
    std::size_t cells = 0;
    for (const auto& prompt : prompts) cells += prompt.tokens.size() + max_tokens;
    GenerationEngine engine(Decoder(model_, {.context = cells, .sequences = 8, .threads = 1}), {steering_});
    Times times;
    const double begin = processor_seconds();
    for (const auto& prompt : prompts) {
      engine.submit(request(prompt, is_steered, max_tokens), [&](const GenerationEvent& event) {
        const auto* started = std::get_if<GenerationStarted>(&event);
        if (started == nullptr) return;
        times.first_token += (processor_seconds() - begin) / static_cast<double>(prompts.size());
        times.decoded_twice += is_decoded_twice(*started) ? 1 : 0;
      });
    }
    while (engine.step()) {
    }
    times.all = processor_seconds() - begin;
    return times;
  }

 private:
  [[nodiscard]] NamedSteering find_steering(const fs::path& model_file) {
    const char* const named = std::getenv("W2S_STEER");
    const fs::path folder =
        named != nullptr ? fs::path(named) : model_file.parent_path().parent_path() / "demo/positive-review";
    if (named == nullptr && !fs::exists(folder / "predictor.gguf")) {
      label_ = "made-up predictor, random vectors";
      return test::with_predictor(test::some_steering("some", model_, 1), model_,
                                  {.layer = 0, .pooling = Pooling::last});
    }
    const auto behavior = folder.filename().string();
    if (std::ranges::count(builtin_behavior_names(), behavior) > 0)
      data_ = read_behaviors("builtin:" + behavior).front();
    const SteeringPath path{.name = behavior, .path = folder};
    auto steering = load_steerings({&path, 1}, model_).front();
    if (!steering.predictor) throw Error(ErrorKind::usage, folder.string() + " has no layer predictor");
    label_ = behavior;
    if (steering.predictor->own_layer)
      label_ = fmt::format("{}, predictor sees layer {}", behavior, steering.predictor->own_layer->layer);
    return steering;
  }

  [[nodiscard]] bool is_decoded_twice(const GenerationStarted& started) const {
    if (!steering_.predictor->own_layer) return false;
    return std::ranges::any_of(started.applied, [&](const AppliedSteering& applied) {
      return applied.layer < steering_.predictor->own_layer->layer;
    });
  }

  [[nodiscard]] SamplingOptions sampling_without_end() const {
    SamplingOptions sampling{.temperature = 0};
    for (std::size_t token = 0; token < model_.info().vocabulary; ++token)
      if (model_.is_end_of_generation(static_cast<Token>(token)))
        sampling.logit_bias[static_cast<Token>(token)] = -1e9F;
    return sampling;
  }

  [[nodiscard]] GenerationRequest request(const Prompt& prompt, bool is_steered, std::size_t max_tokens) const {
    GenerationRequest asked{
        .prompt = prompt.tokens, .text = prompt.text, .sampling = never_ends_, .max_tokens = max_tokens};
    if (is_steered) asked.steering = {{.name = steering_.name, .scale = 1}};
    return asked;
  }

  Model model_;
  Behavior data_ = read_behaviors("builtin:positive-review").front();
  std::string label_;
  NamedSteering steering_;
  SamplingOptions never_ends_;
};

// Steered and unsteered in turns, and each first every other time.
class Comparison {
 public:
  Comparison(const Setting& setting, std::size_t tokens_each) : setting_(setting), tokens_each_(tokens_each) {}

  void add(const std::vector<Prompt>& prompts) {
    const bool is_steered_first = pairs_.size() % 2 == 1;
    const auto first = setting_.measure(prompts, is_steered_first, tokens_each_);
    const auto second = setting_.measure(prompts, !is_steered_first, tokens_each_);
    pairs_.push_back(is_steered_first ? Pair{first, second} : Pair{second, first});
    seconds_ += pairs_.back().steered.all;
    prompts_ += prompts.size();
    prompt_tokens_ += prompts.front().tokens.size();
  }

  void report(benchmark::State& state) const {
    const auto ratios = [&](double Times::* time, auto&& counts) {
      std::vector<double> values;
      for (const auto& pair : pairs_)
        if (counts(pair)) values.push_back(pair.unsteered.*time / pair.steered.*time);
      return values;
    };
    const auto all = [](const Pair&) { return true; };
    std::size_t twice = 0;
    for (const auto& pair : pairs_) twice += pair.steered.decoded_twice;
    state.SetLabel(setting_.label());
    state.SetIterationTime(seconds_ / static_cast<double>(pairs_.size()));
    state.counters["prompt_tokens"] = static_cast<double>(prompt_tokens_) / static_cast<double>(pairs_.size());
    state.counters["decoded_twice"] = static_cast<double>(twice) / static_cast<double>(prompts_);
    if (tokens_each_ > 1) state.counters["speed_ratio"] = median(ratios(&Times::all, all));
    state.counters["first_token_ratio"] = median(ratios(&Times::first_token, all));
    const auto of_twice = ratios(&Times::first_token, [](const Pair& pair) { return pair.steered.decoded_twice > 0; });
    if (!of_twice.empty()) state.counters["first_token_ratio_if_twice"] = median(of_twice);
  }

 private:
  struct Pair {
    Times steered;
    Times unsteered;
  };

  const Setting& setting_;
  std::size_t tokens_each_;
  std::vector<Pair> pairs_;
  double seconds_ = 0;
  std::size_t prompts_ = 0;
  std::size_t prompt_tokens_ = 0;
};

std::optional<Setting> setting_or_skip(benchmark::State& state) {
  const auto file = test::default_model();
  if (!file) {
    state.SkipWithError("no default model: run `make model`");
    return std::nullopt;
  }
  try {
    return std::optional<Setting>(std::in_place, *file);
  } catch (const Error& error) {
    state.SkipWithError(error.what());
    return std::nullopt;
  }
}

void whole_answers(benchmark::State& state) {
  const auto setting = setting_or_skip(state);
  if (!setting) return;
  const auto streams = static_cast<std::size_t>(state.range(0));
  const auto pairs = static_cast<std::size_t>(state.range(2));
  for ([[maybe_unused]] auto turn : state) {
    Comparison comparison(*setting, answer_tokens);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      std::vector<Prompt> prompts;
      for (std::size_t i = 0; i < streams; ++i) prompts.push_back(setting->prompt(pair * streams + i, state.range(1)));
      comparison.add(prompts);
    }
    comparison.report(state);
  }
}
BENCHMARK(whole_answers)
    ->ArgNames({"streams", "prompt", "pairs"})
    ->Args({1, short_prompt, 9})
    ->Args({8, short_prompt, 5})
    ->Args({1, long_prompt, 5})
    ->Args({8, long_prompt, 3})
    ->UseManualTime()
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

void first_tokens(benchmark::State& state) {
  const auto setting = setting_or_skip(state);
  if (!setting) return;
  const auto pairs = static_cast<std::size_t>(state.range(1));
  for ([[maybe_unused]] auto turn : state) {
    Comparison comparison(*setting, 1);
    for (std::size_t pair = 0; pair < pairs; ++pair) comparison.add({setting->prompt(pair, state.range(0))});
    comparison.report(state);
  }
}
BENCHMARK(first_tokens)
    ->ArgNames({"prompt", "pairs"})
    ->Args({short_prompt, 100})
    ->Args({long_prompt, 20})
    ->UseManualTime()
    ->Unit(benchmark::kSecond)
    ->Iterations(1);

}  // namespace
}  // namespace w2s
