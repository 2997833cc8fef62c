#include "w2s/vectors.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>
#include <set>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "vectors/synthetic_representations.h"

namespace w2s {
namespace {

using test::random_representations;
using test::training_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::size_t layers = 3;

MethodTraining some_training() {
  const test::SetShape shape{.samples = 12, .layers = layers, .width = 4, .prompt_layers = {0, 2}};
  return training_of(random_representations(shape, 1), random_representations(shape, 2));
}

const MethodOptions quick = {.learning_rates = {1e-3}, .hidden_width = 3, .max_epochs = 5, .threads = 1};

std::unique_ptr<VectorSource> fit(std::string_view method, const MethodTraining& training) {
  return fit_method(steering_method(method), training, quick);
}

TEST(SteeringMethods, AreSixWithNamesAndSummariesOfTheirOwn) {
  std::set<std::string_view> names;
  std::set<std::string_view> summaries;
  for (const auto& method : steering_methods()) {
    names.insert(method.name);
    summaries.insert(method.summary);
    EXPECT_FALSE(method.summary.empty()) << method.name;
  }
  EXPECT_THAT(names, testing::UnorderedElementsAre("caa", "pca", "logistic", "oracle", "l2s", "cast"));
  EXPECT_EQ(summaries.size(), steering_methods().size());
}

TEST(SteeringMethods, AreFoundByName) {
  for (const auto& method : steering_methods()) EXPECT_EQ(&steering_method(method.name), &method);
}

TEST(SteeringMethods, AreListedWhereANameIsUnknown) {
  const auto message = test::message_of(ErrorKind::usage, [] { static_cast<void>(steering_method("caaa")); });
  EXPECT_THAT(message, HasSubstr("'caaa'"));
  for (const auto& method : steering_methods()) EXPECT_THAT(message, HasSubstr(std::string(method.name)));
}

TEST(SteeringMethods, ShareAKindOfFileOnlyWithMethodsThatReadItAlike) {
  for (const auto& a : steering_methods())
    for (const auto& b : steering_methods())
      EXPECT_EQ(a.file_architecture == b.file_architecture, a.read == b.read) << a.name << " and " << b.name;
}

TEST(SteeringMethods, GiveSourcesThatAreTheSameAfterWritingAndReading) {
  const test::TemporaryFolder folder;
  const auto training = some_training();
  for (const auto& method : steering_methods()) {
    SCOPED_TRACE(method.name);
    const auto source = fit_method(method, training, quick);
    write_vector_source(folder / method.name, *source);
    const auto read = read_vector_source(folder / method.name);
    EXPECT_EQ(source->info().method, method.name);
    EXPECT_EQ(read->info().method, method.name);
    EXPECT_EQ(read->info().notes, source->info().notes);
    EXPECT_EQ(read->info().validation.size(), source->info().validation.size());
    EXPECT_EQ(read->needs().last, source->needs().last);
    EXPECT_EQ(read->needs().answers, source->needs().answers);
    for (std::size_t sample = 0; sample < training.train.samples; ++sample) {
      const auto input = training.train.input(sample);
      for (std::size_t layer = 0; layer < layers; ++layer)
        EXPECT_EQ(read->vector(layer, input), source->vector(layer, input)) << "layer " << layer;
    }
  }
}

TEST(SteeringMethods, SayWhetherTheyLookAtThePrompt) {
  const auto training = some_training();
  for (const auto& method : steering_methods()) {
    const auto source = fit_method(method, training, quick);
    EXPECT_EQ(method.looks_at_prompt, !source->needs().last.empty()) << method.name;
  }
}

TEST(DefaultContextLayers, AreFiveSpreadOverTheDepth) {
  EXPECT_THAT(default_context_layers(30), ElementsAre(5U, 10U, 15U, 20U, 25U));
  EXPECT_THAT(default_context_layers(32), ElementsAre(5U, 10U, 16U, 21U, 26U));
  EXPECT_THAT(default_context_layers(40), ElementsAre(6U, 13U, 20U, 26U, 33U));
}

TEST(DefaultContextLayers, AreDifferentLayersOfTheModelHoweverFewItHas) {
  EXPECT_THAT(default_context_layers(1), ElementsAre(0U));
  EXPECT_THAT(default_context_layers(2), ElementsAre(0U, 1U));
  for (std::size_t count = 1; count <= 100; ++count) {
    const auto chosen = default_context_layers(count);
    EXPECT_EQ(std::ranges::adjacent_find(chosen, std::greater_equal<>()), chosen.end()) << count;
    EXPECT_LT(chosen.back(), count);
    EXPECT_EQ(chosen.size(), std::min<std::size_t>(count, 5)) << count;
  }
}

TEST(FitMethod, MeasuresTheAgreementWithTheValidationSamples) {
  auto training = some_training();
  for (const std::string_view method : {"caa", "pca", "logistic", "l2s", "cast"}) {
    const auto source = fit(method, training);
    const auto expected = agreement_with_oracle(*source, training.train, training.validation);
    ASSERT_EQ(source->info().validation.size(), layers) << method;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      EXPECT_EQ(source->info().validation[layer].cosine, expected[layer].cosine) << method;
      EXPECT_EQ(source->info().validation[layer].mean_error, expected[layer].mean_error) << method;
    }
  }
  training.validation = {};
  EXPECT_TRUE(fit("caa", training)->info().validation.empty());
}

TEST(FitMethod, NeedsSamplesWhereAMethodLearns) {
  auto training = some_training();
  training.train = {};
  for (const auto& method : steering_methods()) {
    if (!method.learns) continue;
    const auto error = test::error_of([&] { static_cast<void>(fit_method(method, training, quick)); });
    EXPECT_EQ(error.kind(), ErrorKind::data) << method.name;
  }
  EXPECT_NO_THROW(static_cast<void>(fit("oracle", training)));
}

TEST(FitMethod, NeedsValidationSamplesWhereAMethodChoosesOnThem) {
  auto training = some_training();
  training.validation = {};
  for (const auto& method : steering_methods()) {
    if (!method.needs_validation) {
      EXPECT_NO_THROW(static_cast<void>(fit_method(method, training, quick))) << method.name;
      continue;
    }
    EXPECT_THAT(test::message_of(ErrorKind::data, [&] { static_cast<void>(fit_method(method, training, quick)); }),
                HasSubstr(std::string(method.name) + " needs validation samples"));
  }
}

TEST(Caa, IsTheMeanDifference) {
  const auto training = some_training();
  const auto source = fit("caa", training);
  const auto mean = mean_difference(training.train);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto row = std::span(mean).subspan(layer * 4, 4);
    EXPECT_EQ(source->vector(layer, {}), std::vector(row.begin(), row.end()));
  }
}

TEST(Caa, IsAsGoodAsTheTrainingMeanThatAllAreComparedWith) {
  const auto source = fit("caa", some_training());
  for (const auto& layer : source->info().validation) {
    EXPECT_EQ(layer.cosine, layer.mean_cosine);
    EXPECT_EQ(layer.error, layer.mean_error);
  }
}

TEST(Oracle, IsTheInputsOwnDifference) {
  const auto training = some_training();
  const auto source = fit("oracle", training);
  EXPECT_TRUE(source->needs().answers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const auto row = training.train.difference(3, layer);
    EXPECT_EQ(source->vector(layer, training.train.input(3)), std::vector(row.begin(), row.end()));
  }
}

TEST(Oracle, AgreesWithItself) {
  const auto training = some_training();
  const auto source = fit("oracle", training);
  for (const auto& layer : agreement_with_oracle(*source, training.train, training.validation)) {
    EXPECT_DOUBLE_EQ(layer.cosine, 1);
    EXPECT_EQ(layer.error, 0);
    EXPECT_LT(layer.mean_cosine, 0.99);
    EXPECT_GT(layer.mean_error, 0.01);
  }
}

}  // namespace
}  // namespace w2s
