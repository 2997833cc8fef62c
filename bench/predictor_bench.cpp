// How fast networks are trained, as a share of what Eigen's matrix product reaches on the same machine in the same run.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <thread>

#include "nn/training.h"
#include "predictor/cross_validation.h"
#include "predictor/synthetic_samples.h"
#include "predictor/training_set.h"
#include "w2s/layer_predictor.h"

namespace {

using w2s::nn::Index;

constexpr std::size_t samples = 400;
constexpr std::size_t model_layers = 30;
constexpr std::size_t epochs = 20;

double multiply_seconds(const Eigen::MatrixXf& a, const Eigen::MatrixXf& b, Eigen::MatrixXf& product) {
  const auto start = std::chrono::steady_clock::now();
  product.noalias() = a * b;
  benchmark::DoNotOptimize(product.data());
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// The best of several products, per thread and second. Measured once.
double peak_flops() {
  static const double peak = [] {
    constexpr Index size = 768;
    const Eigen::MatrixXf a = Eigen::MatrixXf::Random(size, size);
    const Eigen::MatrixXf b = Eigen::MatrixXf::Random(size, size);
    Eigen::MatrixXf product(size, size);
    double seconds = multiply_seconds(a, b, product);
    for (int i = 0; i < 30; ++i) seconds = std::min(seconds, multiply_seconds(a, b, product));
    return 2.0 * size * size * size / seconds;
  }();
  return peak;
}

// Multiplications and additions of the matrix products alone.
double flops_per_epoch(const w2s::nn::MlpShape& shape, double training, double held_out) {
  const auto inputs = static_cast<double>(shape.inputs);
  const auto hidden = static_cast<double>(shape.hidden_width);
  const auto outputs = static_cast<double>(shape.outputs);
  const double first = inputs * hidden;
  const double all = first + static_cast<double>(shape.hidden_layers - 1) * hidden * hidden + hidden * outputs;
  // Forward, gradient of the weights, gradient of each layer's input but the first's.
  return training * (6 * all - 2 * first) + held_out * 2 * all;
}

// Runs the benchmark's loop and reports its speed.
template <typename Work>
void measure(benchmark::State& state, double flops, double networks, double threads, Work work) {
  const double peak = peak_flops() * threads;
  const auto start = std::chrono::steady_clock::now();
  for (auto _ : state) work();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() /
                         static_cast<double>(state.iterations());
  state.counters["networks/s"] = networks / seconds;
  state.counters["GFLOP/s"] = flops / seconds / 1e9;
  state.counters["peak_GFLOP/s"] = peak / 1e9;
  state.counters["share_of_peak"] = flops / seconds / peak;
}

void train_network(benchmark::State& state) {
  const w2s::nn::MlpShape shape{
      .inputs = 319, .outputs = model_layers, .hidden_width = state.range(0), .hidden_layers = state.range(1)};
  constexpr Index count = 320;
  w2s::nn::Examples<float> examples{Eigen::MatrixXf::Random(shape.inputs, count),
                                    Eigen::MatrixXf::Zero(shape.outputs, count)};
  for (Index i = 0; i < count; ++i) examples.targets(i % shape.outputs, i) = 1;
  w2s::Random random(1);
  auto network = w2s::nn::initialize<float>(shape, random);
  measure(state, flops_per_epoch(shape, count, 0) * epochs, 1, 1,
          [&] { w2s::nn::train(network, examples, epochs, {}, random); });
}
BENCHMARK(train_network)->ArgNames({"width", "layers"})->ArgsProduct({{64, 256}, {1, 2}})->UseRealTime();

// The default grid, but with every network trained for the same number of epochs, so that the work is known.
void cross_validation(benchmark::State& state) {
  const auto width = static_cast<std::size_t>(state.range(0));
  const auto made = w2s::test::synthetic_samples(samples, width, model_layers, 1.0, 1);
  const auto labels = w2s::label_layers(made.steerability, 1);
  const auto set = w2s::make_training_set(made.embeddings, made.steerability, labels);
  w2s::PredictorOptions options;
  options.max_epochs = epochs;
  options.patience = epochs;

  const auto settings = options.grid.settings();
  const auto folds = static_cast<double>(options.folds);
  const double held_out = samples / folds;
  const double training = samples - held_out;
  double flops = 0;
  for (const auto& setting : settings) {
    const w2s::nn::MlpShape shape{.inputs = std::min<Index>(static_cast<Index>(training) - 1, set.points.rows()),
                                  .outputs = set.class_count(),
                                  .hidden_width = static_cast<Index>(setting.hidden_width),
                                  .hidden_layers = static_cast<Index>(setting.hidden_layers)};
    flops += folds * epochs * flops_per_epoch(shape, training, held_out);
  }

  const double networks = folds * static_cast<double>(settings.size());
  measure(state, flops, networks, std::thread::hardware_concurrency(), [&] {
    auto found = w2s::cross_validate(set, options, "cross-validation", {});
    benchmark::DoNotOptimize(found.scores.data());
  });
}
BENCHMARK(cross_validation)->ArgName("embedding")->Arg(576)->Arg(3072)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
