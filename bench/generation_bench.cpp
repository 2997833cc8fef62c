// What steering costs: generations steered where a predictor says, against the same engine's unsteered, in one run.
// The predictor is that of a results folder: W2S_STEER=DIR/<behavior>, or what `make demo` left; else a made-up one.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "generate/generations.h"
#include "measure.h"
#include "parts.h"
#include "w2s/base.h"
#include "w2s/data.h"

namespace w2s::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t answer_tokens = 32;
constexpr std::int64_t short_prompt = 40;  // about what the built-in samples have as they are
constexpr std::int64_t long_prompt = 300;

// The process's processor time: what else the machine does is not measured.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

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
        return {std::move(tokens), plain_text(conversation(data_, sample, PromptVariant::base))};
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
    prompt_tokens_ += prompts.front().tokens.size();
  }

  void report(const std::string& what, Table& table) const {
    const auto any = [](const Pair&) { return true; };
    add_row(what + ", first token", &Times::first_token, any, table);
    add_row(
        what + ", first token where its row is decoded twice", &Times::first_token,
        [](const Pair& pair) { return pair.steered.decoded_twice > 0; }, table);
    if (tokens_each_ > 1) add_row(fmt::format("{}, {} tokens", what, tokens_each_), &Times::all, any, table);
  }

 private:
  struct Pair {
    Times steered;
    Times unsteered;
  };

  // The pairs that count, where there are any.
  void add_row(const std::string& what, double Times::* time, const std::function<bool(const Pair&)>& counts,
               Table& table) const {
    std::vector<double> steered;
    std::vector<double> unsteered;
    std::vector<double> ratios;
    for (const auto& pair : pairs_) {
      if (!counts(pair)) continue;
      steered.push_back(pair.steered.*time);
      unsteered.push_back(pair.unsteered.*time);
      ratios.push_back(steered.back() / unsteered.back());
    }
    if (ratios.empty()) return;
    table.add({.what = fmt::format("generation: prompts of {:.0f} tokens, {}", mean_prompt(), what),
               .threads = "1",
               .measured = text_of_seconds(median(steered)) + " of processor time, steered",
               .beside = fmt::format("{} unsteered ({})", text_of_seconds(median(unsteered)), setting_.label()),
               .ratio = text_of_ratio(median(ratios))});
  }

  [[nodiscard]] double mean_prompt() const {
    return static_cast<double>(prompt_tokens_) / static_cast<double>(pairs_.size());
  }

  const Setting& setting_;
  std::size_t tokens_each_;
  std::vector<Pair> pairs_;
  std::size_t prompt_tokens_ = 0;
};

struct Case {
  std::size_t streams;
  std::int64_t prompt;
  std::size_t pairs;
  std::size_t tokens_each;
};

// Many prompts for their first tokens alone: whether a row is decoded twice depends on the prompt.
constexpr std::array cases = {Case{1, short_prompt, 40, 1}, Case{1, short_prompt, 3, answer_tokens},
                              Case{8, short_prompt, 2, answer_tokens}, Case{1, long_prompt, 2, answer_tokens}};

}  // namespace

void measure_generation(const BenchSettings& settings, Table& table) {
  const Setting setting(settings.model);
  for (const auto& [streams, length, pairs, tokens_each] : cases) {
    Comparison comparison(setting, tokens_each);
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      std::vector<Prompt> prompts;
      for (std::size_t i = 0; i < streams; ++i) prompts.push_back(setting.prompt(pair * streams + i, length));
      comparison.add(prompts);
    }
    comparison.report(fmt::format("{} at once", streams), table);
  }
}

}  // namespace w2s::bench
