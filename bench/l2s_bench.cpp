// How fast L2S learns, as a share of what Eigen's matrix product reaches on the same machine in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "nn/mlp.h"
#include "support/temporary_folder.h"
#include "w2s/parallel.h"
#include "w2s/random.h"
#include "w2s/steering_methods.h"

namespace w2s {
namespace {

constexpr std::size_t layers = 30;
constexpr std::size_t width = 576;
constexpr std::size_t training_samples = 320;
constexpr std::size_t validation_samples = 80;
constexpr std::size_t context_layer = 15;

double seconds_of(const auto& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best of several products, per thread and second. Measured once.
double peak_flops() {
  static const double peak = [] {
    constexpr nn::Index size = 768;
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(size, size);
    const Eigen::MatrixXf b = Eigen::MatrixXf::Random(size, size);
    Eigen::MatrixXf product(size, size);
    double seconds = 1;
    for (int i = 0; i < 30; ++i) {
      seconds = std::min(seconds, seconds_of([&] {
                           product.noalias() = a * b;
                           benchmark::DoNotOptimize(product.data());
                         }));
    }
    return 2.0 * size * size * size / seconds;
  }();
  return peak;
}

// Differences that follow from the prompt up to noise: a few strong features of it, bent, move every layer's
// difference.
RepresentationSet synthetic_set(std::size_t samples, std::uint64_t seed) {
  constexpr std::size_t features = 8;
  RepresentationSet set{.samples = samples, .layers = layers, .width = width, .prompt_layers = {context_layer}};
  Random random(seed);
  const auto normal = [&] { return static_cast<float>(random.normal()); };
  set.propensity.resize(samples);
  set.prompts.resize(samples * width);
  std::ranges::generate(set.prompts, normal);
  for (std::size_t i = 0; i < set.prompts.size(); ++i)
    if (i % width < features) set.prompts[i] *= 10;
  set.differences.resize(samples * layers * width);
  std::ranges::generate(set.differences, normal);
  for (std::size_t sample = 0; sample < samples; ++sample) {
    for (std::size_t i = 0; i < layers * width; ++i) {
      const float feature = set.prompts[sample * width + i % features];
      set.differences[sample * layers * width + i] += 2 * std::sin(feature / 5);
    }
  }
  return set;
}

const MethodTraining& synthetic_training() {
  static const MethodTraining training{.train = synthetic_set(training_samples, 1),
                                       .validation = synthetic_set(validation_samples, 2)};
  return training;
}

// Multiplications and additions of the matrix products of one epoch: forward, gradient of the weights and gradient of
// the hidden layer's values, and forward on the validation samples.
double flops_per_epoch(double inputs, double hidden, double outputs) {
  constexpr auto training = static_cast<double>(training_samples);
  constexpr auto validation = static_cast<double>(validation_samples);
  return training * (4 * inputs * hidden + 6 * hidden * outputs) + validation * 2 * hidden * (inputs + outputs);
}

std::unique_ptr<VectorSource> fit_l2s(std::size_t epochs, int threads) {
  return steering_method("l2s").fit(synthetic_training(), {.max_epochs = epochs, .threads = threads}, {});
}

// With so few epochs that none of them ends early: the work is known.
void learn_for_20_epochs(benchmark::State& state) {
  constexpr std::size_t epochs = 20;
  const auto threads = static_cast<int>(state.range(0));
  const double peak = peak_flops();
  double seconds = 0;
  for ([[maybe_unused]] auto turn : state)
    seconds += seconds_of([&] { benchmark::DoNotOptimize(fit_l2s(epochs, threads)); });
  seconds /= static_cast<double>(state.iterations());
  const MethodOptions options;
  const auto networks = static_cast<double>(layers * options.learning_rates.size());
  const double axes = training_samples - 1;
  const double flops = networks * epochs * flops_per_epoch(axes, static_cast<double>(options.hidden_width), axes) /
                       static_cast<double>(thread_count(threads));
  state.counters["networks/s"] = networks / seconds;
  state.counters["GFLOP/s/thread"] = flops / seconds / 1e9;
  state.counters["peak_GFLOP/s"] = peak / 1e9;
  state.counters["share_of_peak"] = flops / seconds / peak;
}
BENCHMARK(learn_for_20_epochs)->ArgName("threads")->Arg(1)->Arg(0)->Unit(benchmark::kSecond)->UseRealTime();

// As it is used: until the validation error does not fall any more.
void learn_until_it_is_learnt(benchmark::State& state) {
  for ([[maybe_unused]] auto turn : state) benchmark::DoNotOptimize(fit_l2s(MethodOptions{}.max_epochs, 0));
}
BENCHMARK(learn_until_it_is_learnt)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

void load_a_file(benchmark::State& state) {
  const test::TemporaryFolder folder;
  const auto path = folder.path() / "l2s.gguf";
  write_vector_source(path, *fit_l2s(1, 0));
  for ([[maybe_unused]] auto turn : state) benchmark::DoNotOptimize(read_vector_source(path));
  state.counters["MB"] = static_cast<double>(std::filesystem::file_size(path)) / 1e6;
}
BENCHMARK(load_a_file)->Unit(benchmark::kMillisecond)->UseRealTime();

void compute_all_layers_of_an_input(benchmark::State& state) {
  const auto source = fit_l2s(1, 0);
  const auto input = synthetic_training().validation.input(0);
  for ([[maybe_unused]] auto turn : state)
    for (std::size_t layer = 0; layer < layers; ++layer) benchmark::DoNotOptimize(source->vector(layer, input));
}
BENCHMARK(compute_all_layers_of_an_input)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace w2s
