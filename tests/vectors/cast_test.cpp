#include <gmock/gmock.h>

#include <limits>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "vectors/synthetic_representations.h"
#include "w2s/model.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using test::random_representations;
using test::training_of;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;

using Point = std::vector<float>;

const Point east = {2, 0.5F};
const Point west = {-3, 0.5F};
const Point south = {0, -1};

constexpr float prefers_negative = -1.5F;
constexpr float prefers_positive = 2.5F;

struct Prompt {
  float propensity = 0;
  std::vector<Point> at;  // each prompt layer
};

// Of a model of 3 layers, 2 wide.
RepresentationSet set_of(std::vector<std::size_t> prompt_layers, const std::vector<Prompt>& prompts) {
  auto set = random_representations(
      {.samples = prompts.size(), .layers = 3, .width = 2, .prompt_layers = std::move(prompt_layers)}, 9);
  set.prompts.clear();
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    set.propensity[i] = prompts[i].propensity;
    for (const auto& point : prompts[i].at) set.prompts.insert(set.prompts.end(), point.begin(), point.end());
  }
  return set;
}

// At layer 0 all prompts look alike; at layer 2 those to steer point east.
RepresentationSet told_apart_at_layer_2() {
  return set_of({0, 2}, {{prefers_negative, {south, east}},
                         {prefers_positive, {south, west}},
                         {prefers_positive, {south, west}},
                         {prefers_positive, {south, west}}});
}

std::unique_ptr<VectorSource> fit(RepresentationSet train, RepresentationSet validation = {}) {
  return fit_method(steering_method("cast"), training_of(std::move(train), std::move(validation)), {});
}

std::size_t context_layer(const VectorSource& source) { return *source.needs().last.begin(); }

PromptReading prompt_at(std::size_t layer, const Point& point) {
  PromptReading input;
  input.last[layer] = point;
  return input;
}

TEST(Cast, AddsTheMeanDifferenceWhereTheConditionHoldsAndNothingElsewhere) {
  const auto set = told_apart_at_layer_2();
  const auto mean = mean_difference(set);
  const auto source = fit(set);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const auto begin = mean.begin() + static_cast<std::ptrdiff_t>(2 * layer);
    EXPECT_EQ(source->vector(layer, prompt_at(2, east)), Point(begin, begin + 2));
    EXPECT_EQ(source->vector(layer, prompt_at(2, west)), Point(2, 0.0F));
  }
}

TEST(Cast, LooksAtThePromptOnly) {
  const auto needs = fit(told_apart_at_layer_2())->needs();
  EXPECT_THAT(needs.last, ElementsAre(2U));
  EXPECT_FALSE(needs.answers);
  EXPECT_TRUE(steering_method("cast").looks_at_prompt);
}

TEST(Cast, DoesNotSteerWhoPrefersNeitherAnswer) {
  const auto source = fit(set_of({1}, {{prefers_negative, {east}}, {0, {west}}}));
  EXPECT_THAT(source->vector(0, prompt_at(1, west)), Each(0.0F));
}

TEST(Cast, ChoosesTheContextLayerOnTheValidationSamples) {
  const auto train = set_of({0, 2}, {{prefers_negative, {east, east}}, {prefers_positive, {west, west}}});
  for (const std::size_t index : {0U, 1U}) {
    // The other layer is misleading.
    const auto validation =
        set_of({0, 2}, {{prefers_negative, index == 0 ? std::vector{east, west} : std::vector{west, east}},
                        {prefers_positive, index == 0 ? std::vector{west, east} : std::vector{east, west}}});
    EXPECT_EQ(context_layer(*fit(train, validation)), index == 0 ? 0U : 2U);
  }
}

TEST(Cast, ChoosesByTheTrainingSamplesWhereTheValidationSamplesAreAllOfOneKind) {
  const auto validation = set_of({0, 2}, {{prefers_negative, {east, west}}});
  const auto source = fit(told_apart_at_layer_2(), validation);
  EXPECT_EQ(context_layer(*source), 2U);
  EXPECT_THAT(source->info().notes.at("condition's accuracy, validation"), HasSubstr("not measured"));
}

TEST(Cast, BreaksTiesOnTheValidationSamplesByTheTrainingSamples) {
  const auto train = set_of({0, 2}, {{prefers_negative, {east, east}},
                                     {prefers_negative, {east, east}},
                                     {prefers_positive, {west, west}},
                                     {prefers_positive, {east, west}}});
  const auto validation = set_of({0, 2}, {{prefers_negative, {east, east}}, {prefers_positive, {west, west}}});
  const auto source = fit(train, validation);
  EXPECT_EQ(context_layer(*source), 2U);
  EXPECT_THAT(source->info().notes.at("condition's accuracy, validation"), HasSubstr("1.000"));
}

TEST(Cast, OfLayersAsGoodTakesTheLowestInWhateverOrderTheyAreNamed) {
  for (const auto& layers : {std::vector<std::size_t>{1, 2}, {2, 1}}) {
    const auto train = set_of(layers, {{prefers_negative, {east, east}}, {prefers_positive, {west, west}}});
    EXPECT_EQ(context_layer(*fit(train)), 1U);
    EXPECT_EQ(context_layer(*fit(train, train)), 1U);
  }
}

TEST(Cast, TellsItsConditionToPeople) {
  const auto notes = fit(told_apart_at_layer_2(), told_apart_at_layer_2())->info().notes;
  EXPECT_EQ(notes.at("context layer"), "2");
  EXPECT_EQ(notes.at("condition's accuracy, training"), "1.000 (balanced)");
  EXPECT_EQ(notes.at("condition's accuracy, validation"), "1.000 (balanced)");
  EXPECT_EQ(notes.at("training prompts steered"), "25.0%");
  EXPECT_THAT(notes.at("condition"), HasSubstr("cosine >= "));
}

TEST(Cast, NeedsPromptsOfBothKinds) {
  const auto refusal = [](float propensity) {
    return test::message_of(ErrorKind::vectors,
                            [&] { static_cast<void>(fit(set_of({1}, {{propensity, {east}}, {propensity, {west}}}))); });
  };
  EXPECT_THAT(refusal(prefers_negative), HasSubstr("prefers the negative answer of all 2 training samples; use caa"));
  EXPECT_THAT(refusal(prefers_positive), HasSubstr("prefers the positive answer of all 2 training samples; use caa"));
}

TEST(Cast, NeedsAContextLayer) {
  const auto set = set_of({}, {{prefers_negative, {}}, {prefers_positive, {}}});
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { static_cast<void>(fit(set)); }), HasSubstr("context layer"));
}

TEST(Cast, CanBeStopped) {
  const std::stop_source stop;
  stop.request_stop();
  Job job;
  job.stop = stop.get_token();
  const auto error = test::error_of(
      [&] { static_cast<void>(fit_method(steering_method("cast"), training_of(told_apart_at_layer_2()), {}, job)); });
  EXPECT_EQ(error.kind(), ErrorKind::interrupted);
}

TEST(CastFile, IsTheSameSourceToTheBitWhenReadAgain) {
  const test::TemporaryFolder folder;
  const test::SetShape shape{.samples = 40, .layers = 4, .width = 6, .prompt_layers = {1, 3}};
  const auto train = random_representations(shape, 31);
  const auto source = fit(train, random_representations(shape, 32));
  write_vector_source(folder / "v.gguf", *source);
  const auto read = read_vector_source(folder / "v.gguf");
  EXPECT_EQ(read->info().method, "cast");
  EXPECT_EQ(read->info().notes, source->info().notes);
  EXPECT_EQ(read->needs().last, source->needs().last);
  const auto before = source->to_file();
  const auto after = read->to_file();
  EXPECT_EQ(after.metadata, before.metadata);
  ASSERT_EQ(after.tensors.size(), 5U);
  for (const auto& [name, tensor] : before.tensors) EXPECT_EQ(after.tensors.at(name).values, tensor.values) << name;
  for (std::size_t sample = 0; sample < shape.samples; ++sample)
    EXPECT_EQ(read->vector(2, train.input(sample)), source->vector(2, train.input(sample)));
}

class DamagedCastFile : public testing::Test {
 protected:
  DamagedCastFile() {
    write_vector_source(path_, *fit(told_apart_at_layer_2()));
    file_ = read_tensor_file(path_);
  }

  test::TemporaryFolder folder_;
  std::filesystem::path path_ = folder_ / "v.gguf";
  TensorFile file_;

  [[nodiscard]] std::string refusal(const TensorFile& file) const {
    write_tensor_file(path_, file);
    return test::message_of(ErrorKind::vectors, [&] { static_cast<void>(read_vector_source(path_)); });
  }
};

TEST_F(DamagedCastFile, IsRefusedWithoutOneOfItsTensors) {
  for (const std::string name : {"condition", "direction.0", "direction.2"}) {
    auto damaged = file_;
    damaged.tensors.erase(name);
    EXPECT_THAT(refusal(damaged), HasSubstr("v.gguf: tensor " + name + " is missing"));
  }
}

TEST_F(DamagedCastFile, IsRefusedWithTensorsOfAnotherWidth) {
  for (const std::string name : {"condition", "direction.1"}) {
    auto damaged = file_;
    damaged.tensors.at(name) = {.shape = {3}, .values = {1, 2, 3}};
    EXPECT_THAT(refusal(damaged), HasSubstr(name + " has 3 values, the model's residual stream 2"));
  }
}

TEST_F(DamagedCastFile, IsRefusedWithNumbersThatAreNotFinite) {
  for (const std::string name : {"condition", "direction.1"}) {
    auto damaged = file_;
    damaged.tensors.at(name).values[1] = std::numeric_limits<float>::quiet_NaN();
    EXPECT_THAT(refusal(damaged), HasSubstr(name + " contains NaN or infinity"));
  }
}

TEST_F(DamagedCastFile, IsRefusedWithMoreTensorsThanItShouldHave) {
  file_.tensors["direction.3"] = {.shape = {2}, .values = {1, 2}};
  EXPECT_THAT(refusal(file_), HasSubstr("holds more than"));
}

TEST_F(DamagedCastFile, IsRefusedWithAContextLayerTheModelHasNot) {
  for (const std::int64_t layer : {-1, 3}) {
    file_.metadata["w2s.cast.layer"] = layer;
    EXPECT_THAT(refusal(file_), HasSubstr("looks at layer " + std::to_string(layer) + " of 3"));
  }
  file_.metadata.erase("w2s.cast.layer");
  EXPECT_THAT(refusal(file_), HasSubstr("w2s.cast.layer is missing"));
}

TEST_F(DamagedCastFile, IsRefusedWithAThresholdNoCosineCanHave) {
  for (const double threshold : {-1.5, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    file_.metadata["w2s.cast.threshold"] = threshold;
    EXPECT_THAT(refusal(file_), HasSubstr("threshold of a cosine"));
  }
  file_.metadata["w2s.cast.threshold"] = std::string("high");
  EXPECT_THAT(refusal(file_), HasSubstr("w2s.cast.threshold is of another type"));
}

TEST_F(DamagedCastFile, IsRefusedWhereItDoesNotSayForWhichModelItIs) {
  for (const char* key : {"controlvector.layer_count", "w2s.width"}) {
    auto damaged = file_;
    damaged.metadata.erase(key);
    EXPECT_THAT(refusal(damaged), HasSubstr("does not say for which model"));
  }
}

}  // namespace
}  // namespace w2s
