// What steering costs: generations steered where a predictor says, against the same engine's unsteered, in one run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <string>
#include <vector>

#include "generate/generations.h"
#include "support/shared_data.h"

namespace w2s {
namespace {

constexpr std::size_t answer_tokens = 32;
constexpr int pairs = 3;

// One thread's processor time: what else the machine does is not measured.
double processor_seconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

struct Times {
  double first_token = 0;  ///< until the last generation had its first
  double all = 0;
};

class Setting {
 public:
  explicit Setting(const std::filesystem::path& file)
      : model_(Model::load(file)),
        steering_(test::with_predictor(test::some_steering("some", model_, 1), model_,
                                       {.layer = 0, .pooling = Pooling::last})),
        never_ends_(sampling_without_end()) {}

  [[nodiscard]] Times measure(std::size_t streams, bool is_steered) const {
    GenerationEngine engine(Decoder(model_, {.context = 2048, .sequences = 8, .threads = 1}), {steering_});
    Times times;
    std::size_t begun = 0;
    const double begin = processor_seconds();
    for (std::size_t i = 0; i < streams; ++i) {
      engine.submit(request(i, is_steered), [&](const GenerationEvent& event) {
        if (!std::holds_alternative<GenerationStarted>(event)) return;
        if (++begun == streams) times.first_token = processor_seconds() - begin;
      });
    }
    while (engine.step()) {
    }
    times.all = processor_seconds() - begin;
    return times;
  }

 private:
  [[nodiscard]] SamplingOptions sampling_without_end() const {
    SamplingOptions sampling{.temperature = 0};
    for (std::size_t token = 0; token < model_.info().vocabulary; ++token)
      if (model_.is_end_of_generation(static_cast<Token>(token)))
        sampling.logit_bias[static_cast<Token>(token)] = -1e9F;
    return sampling;
  }

  [[nodiscard]] GenerationRequest request(std::size_t index, bool is_steered) const {
    const std::vector<ChatMessage> messages = {
        {"system", "You are a helpful, honest and concise assistant."},
        {"user", "Question " + std::to_string(index) +
                     ": what should I think of when I write a review of a restaurant that I visited with friends?"}};
    GenerationRequest asked{
        .prompt = model_.tokenize(model_.chat_prompt(messages)), .sampling = never_ends_, .max_tokens = answer_tokens};
    if (is_steered) asked.steering = {{.name = "some", .scale = 0.5F}};
    return asked;
  }

  Model model_;
  NamedSteering steering_;
  SamplingOptions never_ends_;
};

double median(std::vector<double> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

void steered_against_unsteered(benchmark::State& state) {
  const auto file = test::default_model();
  if (!file) {
    state.SkipWithError("no default model: run `make model`");
    return;
  }
  const Setting setting(*file);
  const auto streams = static_cast<std::size_t>(state.range(0));
  for ([[maybe_unused]] auto turn : state) {
    std::vector<double> speed;
    std::vector<double> first;
    double seconds = 0;
    for (int pair = 0; pair < pairs; ++pair) {
      const auto unsteered = setting.measure(streams, false);
      const auto steered = setting.measure(streams, true);
      speed.push_back(unsteered.all / steered.all);
      first.push_back(unsteered.first_token / steered.first_token);
      seconds += steered.all / pairs;
    }
    state.SetIterationTime(seconds);
    state.counters["tokens_per_s"] = static_cast<double>(streams * answer_tokens) / seconds;
    state.counters["speed_ratio"] = median(speed);
    state.counters["first_token_ratio"] = median(first);
  }
}
BENCHMARK(steered_against_unsteered)->Arg(1)->Arg(8)->UseManualTime()->Unit(benchmark::kSecond)->Iterations(1);

}  // namespace
}  // namespace w2s
