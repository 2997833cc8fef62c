#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "base/random.h"
#include "measure.h"
#include "parts.h"
#include "predictor/cross_validation.h"
#include "predictor/synthetic_samples.h"
#include "predictor/training_set.h"
#include "w2s/predictor.h"
#include "w2s/vectors.h"

namespace w2s::bench {
namespace {

using nn::Index;

constexpr std::size_t turns = 3;
constexpr std::size_t model_layers = 30;
constexpr std::size_t width = 576;
constexpr std::size_t samples = 400;
constexpr std::size_t training_samples = 320;
constexpr std::size_t epochs = 20;  // too few for any training to end early: the work is known

// The products of one epoch: forward, gradient of the weights, gradient of each layer's input but the first's; and
// forward on the samples held out.
std::vector<ProductShape> products_of_epoch(const nn::MlpShape& shape) {
  std::vector<ProductShape> products;
  std::vector<Index> widths = {shape.inputs};
  widths.insert(widths.end(), static_cast<std::size_t>(shape.hidden_layers), shape.hidden_width);
  widths.push_back(shape.outputs);
  const auto add = [&](Index columns, bool learns) {
    for (std::size_t i = 0; i + 1 < widths.size(); ++i) {
      products.push_back({.rows = widths[i + 1], .inner = widths[i], .columns = columns});
      if (!learns) continue;
      products.push_back({.rows = widths[i + 1], .inner = columns, .columns = widths[i], .transposes_right = true});
      if (i > 0)
        products.push_back({.rows = widths[i], .inner = widths[i + 1], .columns = columns, .transposes_left = true});
    }
  };
  const Index batch = nn::TrainingOptions{}.batch;
  for (Index left = training_samples; left > 0; left -= std::min(batch, left)) add(std::min(batch, left), true);
  add(samples - training_samples, false);
  return products;
}

double flops_of(std::span<const ProductShape> products) {
  double flops = 0;
  for (const auto& product : products) flops += product.flops();
  return flops;
}

// Networks that are trained for a number of epochs each.
struct TrainingWork {
  std::string name;
  std::vector<ProductShape> products = {};  // of an epoch, for one network of every shape
  double networks = 0;                      // of each shape
  std::function<void(std::size_t epochs, int threads)> train = {};
};

void compare(const TrainingWork& work, std::size_t threads, bool is_all, Table& table) {
  const auto asked = static_cast<int>(threads);
  const Products alone(work.products, threads, 0.3);
  const Products best({{.rows = 768, .inner = 768, .columns = 768}}, threads, 0.3);
  const std::array<Work, 4> works = {[&] { work.train(epochs, asked); }, [&] { work.train(1, asked); },
                                     [&] { alone.run(); }, [&] { best.run(); }};
  const Turns taken(turns, works);
  const auto gigaflops = [](double flops, double seconds) {
    return fmt::format("{:.0f} GFLOP/s", flops / seconds / 1e9);
  };
  const auto add = [&](const std::string& what, double flops, double took, auto&& seconds_of_turn) {
    const auto share_of = [&](const Products& products, std::size_t index) {
      return text_of_share(taken.median_of([&](std::span<const double> seconds) {
        return flops / seconds_of_turn(seconds) / (products.flops() / seconds[index]);
      }));
    };
    table.add(
        {.what = what,
         .threads = fmt::to_string(threads),
         .measured = gigaflops(flops, took),
         .beside = fmt::format("{} in their matrix products alone; {} at 768 x 768 x 768",
                               gigaflops(alone.flops(), taken.seconds(2)), gigaflops(best.flops(), taken.seconds(3))),
         .ratio = fmt::format("{}; {}", share_of(alone, 2), share_of(best, 3))});
  };
  const double an_epoch = work.networks * flops_of(work.products);
  add(fmt::format("training: {}, epochs after the first", work.name), an_epoch * (epochs - 1), taken.difference(0, 1),
      [](std::span<const double> seconds) { return seconds[0] - seconds[1]; });
  if (!is_all) return;
  add(fmt::format("training: the same from the start, {} epochs and principal axes, {}", epochs,
                  text_of_seconds(taken.seconds(0))),
      an_epoch * epochs, taken.seconds(0), [](std::span<const double> seconds) { return seconds[0]; });
}

// The default grid.
TrainingWork cross_validation() {
  const auto made = test::synthetic_samples(samples, width, model_layers, 1.0, 1);
  const auto labels = label_layers(made.steerability, 1);
  const auto set = std::make_shared<TrainingSet>(make_training_set(made.embeddings, made.steerability, labels));
  const PredictorOptions options;
  const auto settings = options.grid.settings();
  TrainingWork work{.name = fmt::format("cross-validation, {} networks of {} samples", settings.size() * options.folds,
                                        training_samples)};
  for (const auto& setting : settings) {
    const auto products = products_of_epoch({.inputs = training_samples - 1,
                                             .outputs = set->class_count(),
                                             .hidden_width = static_cast<Index>(setting.hidden_width),
                                             .hidden_layers = static_cast<Index>(setting.hidden_layers)});
    work.products.insert(work.products.end(), products.begin(), products.end());
  }
  work.networks = static_cast<double>(options.folds);
  work.train = [set, options](std::size_t max_epochs, int threads) {
    auto limited = options;
    limited.max_epochs = limited.patience = max_epochs;
    limited.threads = threads;
    static_cast<void>(cross_validate(*set, limited, "cross-validation", {}));
  };
  return work;
}

// Differences that follow from the prompt up to noise: a few strong features of it, bent, move every layer's
// difference.
RepresentationSet synthetic_set(std::size_t count, std::uint64_t seed) {
  constexpr std::size_t features = 8;
  RepresentationSet set{.samples = count, .layers = model_layers, .width = width, .prompt_layers = {model_layers / 2}};
  Random random(seed);
  const auto normal = [&] { return static_cast<float>(random.normal()); };
  set.propensity.resize(count);
  set.prompts.resize(count * width);
  std::ranges::generate(set.prompts, normal);
  for (std::size_t i = 0; i < set.prompts.size(); ++i)
    if (i % width < features) set.prompts[i] *= 10;
  set.differences.resize(count * model_layers * width);
  std::ranges::generate(set.differences, normal);
  for (std::size_t sample = 0; sample < count; ++sample) {
    for (std::size_t i = 0; i < model_layers * width; ++i) {
      const float feature = set.prompts[sample * width + i % features];
      set.differences[sample * model_layers * width + i] += 2 * std::sin(feature / 5);
    }
  }
  return set;
}

TrainingWork l2s() {
  const auto data = std::make_shared<MethodTraining>(MethodTraining{
      .train = synthetic_set(training_samples, 1), .validation = synthetic_set(samples - training_samples, 2)});
  const MethodOptions options;
  const auto networks = static_cast<double>(model_layers * options.learning_rates.size());
  constexpr Index axes = training_samples - 1;
  return {.name = fmt::format("L2S, {} networks of {} samples", networks, training_samples),
          .products = products_of_epoch(
              {.inputs = axes, .outputs = axes, .hidden_width = static_cast<Index>(options.hidden_width)}),
          .networks = networks,
          .train = [data](std::size_t max_epochs, int threads) {
            static_cast<void>(steering_method("l2s").fit(*data, {.max_epochs = max_epochs, .threads = threads}, {}));
          }};
}

}  // namespace

void measure_training(const BenchSettings& settings, Table& table) {
  for (const auto& work : {cross_validation(), l2s()}) {
    for (const std::size_t threads : one_and_all(settings.threads))
      compare(work, threads, threads == settings.threads, table);
  }
}

}  // namespace w2s::bench
