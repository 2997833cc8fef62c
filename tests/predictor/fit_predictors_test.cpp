#include <gmock/gmock.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "predictor/synthetic_samples.h"
#include "w2s/base.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

using test::synthetic_samples;
using test::SyntheticSamples;
using ::testing::HasSubstr;

constexpr std::size_t model_layers = 6;

constexpr PredictorPolicy expected{.objective = Objective::expected_steerability, .top_k = 1};

PredictorPolicy top(std::size_t k) { return {.objective = Objective::cross_entropy, .top_k = k}; }

PredictorOptions small_options() {
  PredictorOptions options;
  options.grid = {.learning_rates = {1e-2}, .hidden_widths = {16}, .hidden_layers = {1}, .weight_decays = {0.1, 1}};
  options.max_epochs = 40;
  options.patience = 8;
  options.seeds = 2;
  return options;
}

double mean_at_predicted_layers(const LayerPredictor& predictor, const SyntheticSamples& made, std::size_t begin) {
  double sum = 0;
  for (std::size_t i = begin; i < made.steerability.samples; ++i) {
    sum += made.steerability.sample(i)[predictor.layer(made.embedding(i))];
  }
  return sum / static_cast<double>(made.steerability.samples - begin);
}

double best_fixed_layer_mean(const SyntheticSamples& made, std::size_t begin) {
  double best = -std::numeric_limits<double>::infinity();
  for (std::size_t column = 0; column < made.steerability.layers.size(); ++column) {
    double sum = 0;
    for (std::size_t i = begin; i < made.steerability.samples; ++i) sum += made.steerability.sample(i)[column];
    best = std::max(best, sum / static_cast<double>(made.steerability.samples - begin));
  }
  return best;
}

double best_cross_validated(const FittedPredictors& fitted) {
  return std::ranges::find(fitted.scores, fitted.settings, &CrossValidationScore::settings)->steerability;
}

// The first samples of a made-up sweep.
SyntheticSamples first_samples(const SyntheticSamples& made, std::size_t count) {
  SyntheticSamples first = made;
  first.embeddings.resize(count * made.width);
  first.steerability.samples = count;
  first.steerability.values.resize(count * made.steerability.layers.size());
  return first;
}

TEST(FittedPredictors, SteerUnseenSamplesBetterThanAnyFixedLayer) {
  for (const std::size_t width : {10U, 300U}) {
    const auto made = synthetic_samples(300, width, model_layers, 0.3, 3);
    const auto fitting = first_samples(made, 150);
    const auto fitted = fit_predictors(fitting.embeddings, fitting.steerability, top(1), small_options());
    const double fixed = best_fixed_layer_mean(made, 150);
    ASSERT_EQ(fitted.by_seed.size(), 2U);
    for (const auto& predictor : fitted.by_seed) {
      EXPECT_GT(mean_at_predicted_layers(predictor, made, 150), fixed + 0.03) << "width " << width;
    }
  }
}

// Whatever the prompt, six samples in ten are a little better at layer 0 than at 2, and the others much worse.
SyntheticSamples risky_samples() {
  auto made = synthetic_samples(200, 8, 3, 0.3, 3);
  Random random(5);
  for (std::size_t i = 0; i < made.steerability.samples; ++i) {
    const bool is_risky = random.below(10) < 4;
    const std::vector<double> values = {is_risky ? 1.0 : 2.1, -3, is_risky ? 6.0 : 2.0};
    std::ranges::copy(values, made.steerability.values.begin() + static_cast<std::ptrdiff_t>(3 * i));
  }
  return made;
}

TEST(ExpectedSteerability, PrefersALayerThatIsSeldomBestButSteersMoreOnAverage) {
  const auto made = risky_samples();
  const auto labels = fit_predictors(made.embeddings, made.steerability, top(1), small_options());
  const auto yields = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  EXPECT_EQ(yields.policy, expected);
  EXPECT_EQ(yields.by_seed[0].layers(), (std::vector<std::size_t>{0, 2}));
  const double by_label = mean_at_predicted_layers(labels.by_seed[0], made, 0);
  const double by_yield = mean_at_predicted_layers(yields.by_seed[0], made, 0);
  EXPECT_GT(by_yield, by_label + 0.3);
  EXPECT_GT(best_cross_validated(yields), best_cross_validated(labels) + 0.3);
}

TEST(ExpectedSteerability, SteersUnseenSamplesBetterThanAnyFixedLayer) {
  const auto made = synthetic_samples(300, 10, model_layers, 0.3, 3);
  const auto fitting = first_samples(made, 150);
  const auto fitted = fit_predictors(fitting.embeddings, fitting.steerability, expected, small_options());
  for (const auto& predictor : fitted.by_seed) {
    EXPECT_GT(mean_at_predicted_layers(predictor, made, 150), best_fixed_layer_mean(made, 150) + 0.03);
  }
}

// A power of two changes no digits.
TEST(ExpectedSteerability, IsLearnedAlikeFromAModelThatHardlyReacts) {
  auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  const auto strong = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  for (double& value : made.steerability.values) value /= 1024;
  const auto weak = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  EXPECT_EQ(weak.settings, strong.settings);
  EXPECT_EQ(weak.by_seed[0].probabilities(made.embedding(7)), strong.by_seed[0].probabilities(made.embedding(7)));
}

TEST(ExpectedSteerability, IsLearnedFromWhatLayersDifferByAlone) {
  auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  const auto before = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  for (std::size_t i = 0; i < made.steerability.samples; ++i) {
    for (std::size_t layer = 0; layer < model_layers; ++layer)
      made.steerability.values[i * model_layers + layer] += 1e6 * static_cast<double>(i);
  }
  const auto after = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  const auto probabilities_before = before.by_seed[0].probabilities(made.embedding(7));
  const auto probabilities_after = after.by_seed[0].probabilities(made.embedding(7));
  for (std::size_t i = 0; i < probabilities_before.size(); ++i)
    EXPECT_NEAR(probabilities_after[i], probabilities_before[i], 1e-2);
}

TEST(ExpectedSteerability, AlwaysAnswersTheOnlyBestLayer) {
  auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  for (std::size_t i = 0; i < 20; ++i) made.steerability.values[i * 3 + 2] = 10;
  const auto fitted = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  EXPECT_EQ(fitted.by_seed[0].layer(made.embedding(0)), 2U);
}

TEST(ExpectedSteerability, CanBeFittedWhereEveryLayerYieldsTheSame) {
  auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  std::ranges::fill(made.steerability.values, 1.0);
  for (std::size_t i = 0; i < 10; ++i) made.steerability.values[i * 3] = 1.0 - 1e-16;
  const auto fitted = fit_predictors(made.embeddings, made.steerability, expected, small_options());
  EXPECT_EQ(fitted.by_seed.size(), 2U);
}

TEST(ExpectedSteerability, HasNoTopK) {
  const auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  const PredictorPolicy both{.objective = Objective::expected_steerability, .top_k = 2};
  EXPECT_THAT([&] { static_cast<void>(fit_predictors(made.embeddings, made.steerability, both, small_options())); },
              ::testing::ThrowsMessage<Error>(HasSubstr("top-k is 1")));
}

TEST(PredictorPolicies, AreNamedAndOrderedAsInTables) {
  const std::vector policies = {top(1), top(2), top(10), expected};
  EXPECT_TRUE(std::ranges::is_sorted(policies));
  std::vector<std::string> names;
  for (const auto& policy : policies) names.push_back(to_string(policy));
  EXPECT_THAT(names, ::testing::ElementsAre("top1", "top2", "top10", "expected"));
}

TEST(Objectives, HaveNamesThatAreUnderstood) {
  for (const auto objective : {Objective::cross_entropy, Objective::expected_steerability})
    EXPECT_EQ(parse_objective(to_string(objective)), objective);
  EXPECT_THAT([] { static_cast<void>(parse_objective("hinge")); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("unknown objective 'hinge'; there are: cross-entropy, expected-steerability")));
}

TEST(FittedPredictors, AreTheSameForTheSameSeedOnAnyNumberOfThreads) {
  const auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  const auto probabilities = [&](std::uint64_t seed, int threads) {
    auto options = small_options();
    options.seed = seed;
    options.threads = threads;
    return fit_predictors(made.embeddings, made.steerability, top(2), options)
        .by_seed[1]
        .probabilities(made.embedding(0));
  };
  EXPECT_EQ(probabilities(1, 1), probabilities(1, 3));
  EXPECT_NE(probabilities(1, 1), probabilities(2, 1));
}

TEST(FittedPredictors, DifferBetweenSeedsAndChooseAmongTheLabelledLayers) {
  const auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  const auto fitted = fit_predictors(made.embeddings, made.steerability, top(2), small_options());
  const auto labels = label_layers(made.steerability, 2);
  EXPECT_EQ(fitted.policy, top(2));
  EXPECT_EQ(fitted.scores.size(), 2U);
  EXPECT_GE(fitted.epochs, 1U);
  EXPECT_EQ(fitted.by_seed[0].layers(), labels.layers);
  EXPECT_EQ(fitted.by_seed[0].width(), 12U);
  EXPECT_NE(fitted.by_seed[0].probabilities(made.embedding(0)), fitted.by_seed[1].probabilities(made.embedding(0)));
}

TEST(FittedPredictors, KeepTheTrainingCurvesOfTheChosenSettings) {
  const auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  for (const auto& policy : {top(1), expected}) {
    const auto options = small_options();
    const auto fitted = fit_predictors(made.embeddings, made.steerability, policy, options);
    auto alone = options;
    alone.grid = {.learning_rates = {fitted.settings.learning_rate},
                  .hidden_widths = {fitted.settings.hidden_width},
                  .hidden_layers = {fitted.settings.hidden_layers},
                  .weight_decays = {fitted.settings.weight_decay}};
    EXPECT_EQ(fitted.curves.size(), options.folds);
    EXPECT_EQ(fitted.curves, fit_predictors(made.embeddings, made.steerability, policy, alone).curves);
  }
}

TEST(FittedPredictors, DoNotDependOnTheLengthOfEmbeddings) {
  auto made = synthetic_samples(60, 12, model_layers, 0.3, 3);
  const auto fitted = fit_predictors(made.embeddings, made.steerability, top(1), small_options());
  const auto before = fitted.by_seed[0].probabilities(made.embedding(7));
  for (float& value : made.embeddings) value *= 4;
  EXPECT_EQ(fitted.by_seed[0].probabilities(made.embedding(7)), before);
}

TEST(FittedPredictors, AlwaysAnswerTheOnlyLabel) {
  auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  for (std::size_t i = 0; i < 20; ++i) made.steerability.values[i * 3 + 2] = 10;
  made.steerability.layers = {4, 6, 9};
  const auto fitted = fit_predictors(made.embeddings, made.steerability, top(1), small_options());
  ASSERT_EQ(fitted.by_seed.size(), 2U);
  EXPECT_EQ(fitted.by_seed[0].layer(made.embedding(0)), 9U);
  EXPECT_EQ(fitted.by_seed[0].probabilities(made.embedding(0)), std::vector<float>{1});
  EXPECT_DOUBLE_EQ(fitted.scores.at(0).steerability, 10);
  EXPECT_TRUE(fitted.curves.empty()) << "there was nothing to train";
}

TEST(FittedPredictors, CanBeFittedToEqualEmbeddings) {
  auto made = synthetic_samples(40, 5, 3, 0.3, 3);
  std::ranges::fill(made.embeddings, 0.25F);
  const auto fitted = fit_predictors(made.embeddings, made.steerability, top(1), small_options());
  EXPECT_EQ(fitted.by_seed[0].width(), 5U);
}

TEST(FittedPredictors, AreReportedNetworkByNetwork) {
  const auto made = synthetic_samples(40, 5, 3, 0.3, 3);
  std::set<std::string> stages;
  std::size_t networks = 0;
  Job job;
  job.on_progress = [&](const Progress& progress) {
    stages.emplace(progress.stage);
    if (progress.done > 0) ++networks;
    EXPECT_EQ(progress.unit, "networks");
  };
  static_cast<void>(fit_predictors(made.embeddings, made.steerability, top(1), small_options(), job));
  EXPECT_THAT(stages, ::testing::ElementsAre("cross-validation top1", "training top1"));
  EXPECT_EQ(networks, 2U * 5 + 2);
}

TEST(FittedPredictors, StopWhenAsked) {
  const auto made = synthetic_samples(40, 5, 3, 0.3, 3);
  std::stop_source source;
  Job job;
  job.stop = source.get_token();
  job.on_progress = [&](const Progress&) { source.request_stop(); };
  try {
    static_cast<void>(fit_predictors(made.embeddings, made.steerability, top(1), small_options(), job));
    FAIL() << "nothing was thrown";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
}

void expect_refusal(const SyntheticSamples& made, const PredictorOptions& options, ErrorKind kind, const char* why) {
  try {
    static_cast<void>(fit_predictors(made.embeddings, made.steerability, top(1), options));
    ADD_FAILURE() << "nothing was thrown instead of: " << why;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), kind);
    EXPECT_THAT(error.what(), HasSubstr(why));
  }
}

TEST(FittedPredictors, RefuseInputThatCannotBeFitted) {
  const auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  expect_refusal(first_samples(made, 4), small_options(), ErrorKind::predictor, "4 samples are too few");
  expect_refusal(first_samples(made, 0), small_options(), ErrorKind::predictor, "0 samples are too few");

  auto broken = made;
  broken.embeddings[7] = std::numeric_limits<float>::infinity();
  expect_refusal(broken, small_options(), ErrorKind::predictor, "embedding");
  broken = made;
  broken.embeddings.pop_back();
  expect_refusal(broken, small_options(), ErrorKind::predictor, "99 embedding values");
  broken = made;
  broken.embeddings.clear();
  expect_refusal(broken, small_options(), ErrorKind::predictor, "0 embedding values");
  broken = made;
  broken.steerability.values[3] = std::numeric_limits<double>::quiet_NaN();
  expect_refusal(broken, small_options(), ErrorKind::predictor, "steerability");
}

TEST(FittedPredictors, RefuseOptionsOutOfRange) {
  const auto made = synthetic_samples(20, 5, 3, 0.3, 3);
  const auto refuse = [&](ErrorKind kind, const char* why, auto change) {
    auto options = small_options();
    change(options);
    expect_refusal(made, options, kind, why);
  };
  refuse(ErrorKind::predictor, "grid is empty", [](auto& options) { options.grid.hidden_widths.clear(); });
  refuse(ErrorKind::usage, "folds", [](auto& options) { options.folds = 1; });
  refuse(ErrorKind::usage, "batch", [](auto& options) { options.batch = 0; });
  refuse(ErrorKind::usage, "epoch", [](auto& options) { options.max_epochs = 0; });
  refuse(ErrorKind::usage, "patience", [](auto& options) { options.patience = 0; });
  refuse(ErrorKind::usage, "seed", [](auto& options) { options.seeds = 0; });
  refuse(ErrorKind::usage, "threads", [](auto& options) { options.threads = -2; });
  refuse(ErrorKind::usage, "learning rate", [](auto& options) { options.grid.learning_rates = {0}; });
  refuse(ErrorKind::usage, "weight decay", [](auto& options) { options.grid.weight_decays = {-1}; });
  refuse(ErrorKind::usage, "hidden width", [](auto& options) { options.grid.hidden_widths = {0}; });
  refuse(ErrorKind::usage, "hidden layers", [](auto& options) { options.grid.hidden_layers = {1000}; });
  refuse(ErrorKind::predictor, "learning rate", [](auto& options) { options.grid.learning_rates = {1e30}; });
}

}  // namespace
}  // namespace w2s
