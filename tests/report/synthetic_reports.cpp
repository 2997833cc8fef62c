#include "report/synthetic_reports.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/random.h"

namespace w2s::test {
namespace {

using report::BehaviorReport;
using report::MethodReport;
using report::PredictorReport;
using report::ReportData;

constexpr std::array policies = {"w2s-top1", "w2s-top2", "w2s-top3", "w2s-expected"};

SplitPart part_of(std::size_t sample) {
  if (sample % 2 == 0) return SplitPart::test;
  return sample % 5 == 0 ? SplitPart::validation : SplitPart::train;
}

// [layers][multipliers]: a line over the multipliers whose slope is a hill over the layers, a little bent, and noise.
PropensityMap propensity_of_sample(const SyntheticShape& shape, double top, Random& random) {
  PropensityMap map{.layers = shape.layers, .multipliers = shape.multipliers.size()};
  const double unsteered = 2 * random.normal();
  const double height = 1.5 + 0.5 * random.normal();
  const double width = 0.12 * static_cast<double>(shape.layers);
  for (std::size_t layer = 0; layer < shape.layers; ++layer) {
    const double from_top = (static_cast<double>(layer) - top) / width;
    const double slope = height * std::exp(-from_top * from_top / 2) + 0.05 * random.normal();
    for (const float multiplier : shape.multipliers) {
      const double bent = 0.1 * slope * multiplier * multiplier;
      map.values.push_back(static_cast<float>(unsteered + slope * multiplier - bent + 0.01 * random.normal()));
    }
  }
  return map;
}

// Steerability of some samples, and where they are among all.
struct Measured {
  SteerabilityMatrix matrix;
  std::vector<std::size_t> samples;
};

Measured measured(const SyntheticShape& shape, const BehaviorReport& behavior, const MethodReport& method,
                  bool of_tests) {
  Measured result;
  result.matrix.layers.resize(shape.layers);
  std::iota(result.matrix.layers.begin(), result.matrix.layers.end(), 0U);
  for (std::size_t i = 0; i < shape.samples; ++i) {
    if ((behavior.parts[i] == SplitPart::test) != of_tests) continue;
    const auto slopes = steerability(shape.multipliers, method.propensity[i]);
    result.matrix.values.insert(result.matrix.values.end(), slopes.begin(), slopes.end());
    result.samples.push_back(i);
    ++result.matrix.samples;
  }
  return result;
}

LayerAnalysis analysis_of(const BehaviorReport& behavior, const std::string& method, const Measured& fitting,
                          const Measured& tests) {
  const auto layers = fitting.matrix.layers.size();
  LayerAnalysis analysis;
  analysis.behavior = behavior.name;
  analysis.method = method;
  analysis.layers = fitting.matrix.layers;
  analysis.fixed_layer = best_fixed_column(fitting.matrix);
  analysis.test_samples = tests.matrix.samples;
  analysis.fitting_mean.assign(layers, 0);
  for (std::size_t i = 0; i < fitting.matrix.values.size(); ++i)
    analysis.fitting_mean[i % layers] += fitting.matrix.values[i] / static_cast<double>(fitting.matrix.samples);
  analysis.best_count.assign(layers, 0);
  std::array<double, 4> kth_best = {};
  for (std::size_t i = 0; i < tests.matrix.samples; ++i) {
    const auto row = tests.matrix.sample(i);
    const auto count = static_cast<double>(tests.matrix.samples);
    const auto best = best_layer(row);
    ++analysis.best_count[best];
    analysis.distance_from_fixed +=
        std::abs(static_cast<double>(best) - static_cast<double>(analysis.fixed_layer)) / count;
    analysis.fixed += row[analysis.fixed_layer] / count;
    std::vector<double> ranked(row.begin(), row.end());
    std::ranges::sort(ranked, std::greater());
    for (std::size_t k = 0; k < kth_best.size(); ++k) kth_best[k] += ranked[k] / count;
  }
  std::ranges::copy(kth_best, analysis.kth_best.begin());
  return analysis;
}

std::vector<double> falling_curve(std::size_t epochs, double from, double to, Random& random) {
  std::vector<double> curve;
  for (std::size_t i = 0; i < epochs; ++i)
    curve.push_back(to + (from - to) * std::exp(-4.0 * static_cast<double>(i) / static_cast<double>(epochs)) +
                    0.01 * random.normal());
  return curve;
}

PredictorReport predictor_of(const SyntheticShape& shape, const std::string& policy, Random& random) {
  PredictorReport predictor;
  predictor.policy = policy;
  predictor.epochs = shape.epochs;
  predictor.seeds = 5;
  predictor.layers.resize(shape.layers);
  std::iota(predictor.layers.begin(), predictor.layers.end(), 0U);
  for (const double rate : {1e-3, 3e-3, 1e-2})
    for (const std::size_t width : {32U, 64U})
      for (const double decay : {1e-2, 1e-1})
        predictor.scores.push_back(
            {.settings = {.learning_rate = rate, .hidden_width = width, .hidden_layers = 1, .weight_decay = decay},
             .steerability = 1.2 + 0.05 * random.normal(),
             .accuracy = 0.5 + 0.02 * random.normal(),
             .epochs = 20 + 30 * random.uniform()});
  predictor.settings = best_score(predictor.scores).settings;
  for (std::size_t fold = 0; fold < 5; ++fold)
    predictor.curves.push_back({.training = falling_curve(shape.epochs, 3, 0.8, random),
                                .held_out = falling_curve(shape.epochs, 3, 1.4, random)});
  return predictor;
}

// The best layer, or one near it.
std::size_t chosen_layer(std::size_t best, std::size_t layers, Random& random) {
  const double off = std::round(0.05 * static_cast<double>(layers) * random.normal());
  return static_cast<std::size_t>(std::clamp(static_cast<double>(best) + off, 0.0, static_cast<double>(layers) - 1));
}

std::vector<float> probabilities_around(std::size_t layer, std::size_t layers) {
  std::vector<float> probabilities;
  float sum = 0;
  for (std::size_t i = 0; i < layers; ++i) {
    const double distance = static_cast<double>(i) - static_cast<double>(layer);
    probabilities.push_back(static_cast<float>(std::exp(-std::abs(distance))));
    sum += probabilities.back();
  }
  for (float& probability : probabilities) probability /= sum;
  return probabilities;
}

void predict(const SyntheticShape& shape, MethodReport& method, Random& random) {
  for (const auto* policy : policies) {
    method.predictors.push_back(predictor_of(shape, policy, random));
    auto& choices = method.choices[policy];
    for (const auto best : method.best) choices.push_back(chosen_layer(best, shape.layers, random));
  }
  method.default_policy = policies.front();
  for (const auto layer : method.choices.at(method.default_policy)) {
    const auto probabilities = probabilities_around(layer, shape.layers);
    method.probabilities.insert(method.probabilities.end(), probabilities.begin(), probabilities.end());
  }
}

PolicyResult result_of(const MethodReport& method, const std::string& policy, const Measured& tests,
                       const std::vector<std::size_t>& layers) {
  const auto count = static_cast<double>(tests.matrix.samples);
  PolicyResult row;
  row.behavior = method.analysis.behavior;
  row.method = method.analysis.method;
  row.policy = policy;
  row.samples = tests.matrix.samples;
  row.accuracy = 0;
  std::vector<double> gains;
  double optimum = 0;
  for (std::size_t i = 0; i < tests.matrix.samples; ++i) {
    const auto steered = tests.matrix.sample(i);
    const double own = steered[layers[i]];
    const auto best = best_layer(steered);
    row.steerability += own / count;
    row.proportion_steerable += (own > 0 ? 1 : 0) / count;
    *row.accuracy += (best == layers[i] ? 1 : 0) / count;
    optimum += steered[best] / count;
    gains.push_back(own - steered[method.analysis.fixed_layer]);
  }
  row.regret = optimum - row.steerability;
  if (policy != "fixed") row.gain_over_fixed = bootstrap_mean(gains, {.bootstrap_draws = 100});
  return row;
}

void add_results(ReportData& data, const MethodReport& method, const Measured& tests) {
  const std::vector<std::size_t> fixed(tests.matrix.samples, method.analysis.fixed_layer);
  data.results.push_back(result_of(method, "fixed", tests, fixed));
  data.results.back().layer = method.analysis.fixed_layer;
  const auto of_tests = [&](const std::vector<std::size_t>& all) {
    std::vector<std::size_t> layers;
    for (const auto sample : tests.samples) layers.push_back(all[sample]);
    return layers;
  };
  for (const auto& [policy, layers] : method.choices) {
    data.results.push_back(result_of(method, policy, tests, of_tests(layers)));
    data.results.back().steerability_sd = 0.01;
  }
  data.results.push_back(result_of(method, "optimum", tests, of_tests(method.best)));
}

// As if variants steered less.
void add_variants(ReportData& data) {
  auto base = data.results;
  std::erase_if(base, [](const PolicyResult& row) { return row.policy == "optimum"; });
  double share = 1;
  for (const auto variant : prompt_variants()) {
    if (variant == PromptVariant::base) continue;
    share *= 0.9;
    for (auto row : base) {
      row.variant = to_string(variant);
      row.steerability *= share;
      row.regret.reset();
      row.accuracy.reset();
      data.results.push_back(std::move(row));
    }
  }
}

MethodReport method_of(const SyntheticShape& shape, std::span<const double> tops, Random& random) {
  MethodReport method;
  method.encoder = "middle-last";
  for (const double top : tops) {
    method.propensity.push_back(propensity_of_sample(shape, top, random));
    method.best.push_back(best_layer(steerability(shape.multipliers, method.propensity.back())));
  }
  predict(shape, method, random);
  return method;
}

BehaviorReport behavior_of(const SyntheticShape& shape, std::size_t index, ReportData& data) {
  Random random(shape.seed + index);
  BehaviorReport behavior;
  behavior.name = shape.behaviors[index];
  behavior.noise = {{.samples = 4, .propensity = 1e-5, .steerability = 1e-5, .best_layer_changes = 0}};
  behavior.times = {{.stage = "vectors", .seconds = 12.5}, {.stage = "sweep", .seconds = 340}};
  std::vector<double> tops;
  for (std::size_t i = 0; i < shape.samples; ++i) {
    if (shape.prompt_of) behavior.prompts.push_back(shape.prompt_of(index, i));
    behavior.ids.push_back(shape.prompt_of ? to_string(behavior.prompts.back().id) : std::to_string(i));
    behavior.parts.push_back(part_of(i));
    const double middle = 0.35 + 0.25 * static_cast<double>(i % 3 == 0) + 0.05 * random.normal();
    tops.push_back(middle * static_cast<double>(shape.layers));
  }
  for (const auto& name : shape.methods) {
    auto method = method_of(shape, tops, random);
    const auto fitting = measured(shape, behavior, method, false);
    const auto tests = measured(shape, behavior, method, true);
    method.analysis = analysis_of(behavior, name, fitting, tests);
    method.fixed_layer_method = name;
    if (name != "caa") method.agreement = {{.cosine = 0.6, .mean_cosine = 0.5, .error = 0.8, .mean_error = 1}};
    add_results(data, method, tests);
    behavior.methods.push_back(std::move(method));
  }
  return behavior;
}

// Each behaviour a cloud of its own.
EncoderSpace space_of(const ReportData& data, const std::string& encoder, Random& random) {
  EncoderSpace space{.encoder = encoder, .width = 64, .silhouette = 0.3, .points = {}};
  for (std::size_t i = 0; i < data.behaviors.size(); ++i) {
    const auto angle = static_cast<double>(i);
    for (const auto& id : data.behaviors[i].ids)
      space.points.push_back({.behavior = data.behaviors[i].name,
                              .sample = id,
                              .umap = {5 * std::cos(angle) + random.normal(), 5 * std::sin(angle) + random.normal()}});
  }
  return space;
}

EncoderComparison encoders_of(const ReportData& data) {
  Random random(7);
  EncoderComparison comparison;
  for (const auto* encoder : {"first-last", "middle-last"}) {
    comparison.spaces.push_back(space_of(data, encoder, random));
    for (const auto& behavior : data.behaviors)
      for (const auto& method : data.methods)
        comparison.scores.push_back({.encoder = encoder,
                                     .behavior = behavior.name,
                                     .method = method,
                                     .cv_accuracy = 0.5,
                                     .cv_steerability = 1.2 + 0.1 * random.normal(),
                                     .test_accuracy = 0.45,
                                     .test_steerability = 1.1});
  }
  return comparison;
}

std::string word(Random& random) {
  constexpr std::string_view consonants = "bcdfghklmnprstvw";
  constexpr std::string_view vowels = "aeiou";
  std::string text;
  const auto syllables = 1 + random.below(3);
  for (std::size_t i = 0; i < syllables; ++i) {
    text += consonants[random.below(consonants.size())];
    text += vowels[random.below(vowels.size())];
    if (random.below(3) == 0) text += consonants[random.below(consonants.size())];
  }
  return text;
}

// From a vocabulary of the size of a language's, or zlib would find more to save than it does in real prompts.
std::string some_text(std::span<const std::string> vocabulary, std::size_t length, Random& random) {
  std::string text;
  while (text.size() < length)
    text += vocabulary[random.below(vocabulary.size())] + (random.below(9) == 0 ? ". " : " ");
  return text;
}

}  // namespace

ReportData synthetic_report(const SyntheticShape& shape) {
  ReportData data;
  data.title = "synthetic";
  data.settings = {.measurement = {{"model", std::string(64, 'a')}, {"seed", "0"}},
                   .data = {},
                   .run = {{"model file", "synthetic.gguf"}, {"machine", "none"}}};
  data.w2s_version = "1.2.3";
  data.llama_version = "b1234";
  data.model_layers = shape.layers;
  data.layers.resize(shape.layers);
  std::iota(data.layers.begin(), data.layers.end(), 0U);
  data.multipliers = shape.multipliers;
  data.methods = shape.methods;
  for (std::size_t i = 0; i < shape.behaviors.size(); ++i) {
    data.behaviors.push_back(behavior_of(shape, i, data));
    data.settings.data.emplace(shape.behaviors[i], std::string(64, 'b'));
  }
  add_variants(data);
  const auto means = mean_over_behaviors(data.results);
  data.results.insert(data.results.end(), means.begin(), means.end());
  data.encoders = encoders_of(data);
  return data;
}

ReportData hostile_report() {
  using namespace std::string_literals;
  const std::vector<std::string> texts = {
      "</script><script>document.title = 'broken'</script>",
      "<!--<script>",
      "--> ]]> <![CDATA[",
      R"(" ' ` \" \u003c &lt; &amp; ${x} {{y}})",
      "<img src=x onerror=\"document.title = 'broken'\">",
      "\u202e\u0627\u0644\u0639\u0631\u0628\u064a\u0629 \u05e2\u05d1\u05e8\u05d9\u05ea",
      "zero \0, bell \a, escape \x1b[31m, delete \x7f, line \u2028 paragraph \u2029"s,
      std::string(1U << 20U, 'x'),
      "\U0001f9ed\U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301",
      "lone \xff\xfe\x80 and cut \xe2\x82",
      "",
      "\n\t  \r\n",
  };
  SyntheticShape shape;
  shape.behaviors = {"</script><b>bold", "\u202eright to left", "lone \xff byte", "__proto__"};
  shape.methods = {"caa", "<i>&amp;\"'"};
  shape.samples = 2 * texts.size();
  shape.prompt_of = [&](std::size_t, std::size_t sample) {
    const auto& text = texts[sample % texts.size()];
    return PromptText{.id = text.size() < 1000 ? text : "a megabyte",
                      .before = text,
                      .steered = text.substr(0, 9),
                      .chosen = "<b>",
                      .rejected = "\xff"};
  };
  auto data = synthetic_report(shape);
  data.title = "</title><script>document.title = 'broken'</script>";
  data.settings.run["model file"] = "<img src=x onerror=alert(1)>.gguf";
  return data;
}

ReportData large_report() {
  SyntheticShape shape;
  shape.behaviors.clear();
  for (std::size_t i = 0; i < 13; ++i) shape.behaviors.push_back(fmt::format("behavior-{:02}", i + 1));
  shape.samples = 1000;
  shape.layers = 40;
  shape.multipliers.assign(std::begin(default_multipliers), std::end(default_multipliers));
  shape.epochs = 60;
  Random random(3);
  std::vector<std::string> vocabulary;
  for (std::size_t i = 0; i < 5000; ++i) vocabulary.push_back(word(random));
  shape.prompt_of = [&](std::size_t behavior, std::size_t sample) {
    return PromptText{.id = static_cast<std::int64_t>(sample),
                      .before = fmt::format("<|im_start|>system\nYou are behavior {}.<|im_end|>\n<|im_start|>user\n{}"
                                            "<|im_end|>\n<|im_start|>assistant\n",
                                            behavior + 1, some_text(vocabulary, 600, random)),
                      .steered = "(",
                      .chosen = sample % 2 == 0 ? "A" : "B",
                      .rejected = sample % 2 == 0 ? "B" : "A"};
  };
  auto data = synthetic_report(shape);
  data.title = "large";
  return data;
}

}  // namespace w2s::test
