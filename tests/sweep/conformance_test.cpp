// Against numbers that were not computed by this project's code: NumPy's of a tiny model (tests/fixtures) always,
// PyTorch's of SmolLM2-135M-Instruct where the shared reference data and the model are there.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "support/shared_data.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using Json = nlohmann::json;
using testing::FloatNear;
using testing::Pointwise;

std::vector<float> flat(const Json& rows) {
  std::vector<float> values;
  for (const auto& row : rows)
    for (const auto& value : row) values.push_back(value.get<float>());
  return values;
}

std::vector<float> difference(std::span<const float> chosen, std::span<const float> rejected) {
  std::vector<float> difference(chosen.size());
  std::ranges::transform(chosen, rejected, difference.begin(), std::minus<>());
  return difference;
}

// Every way of computing a sweep must agree.
constexpr std::array executors = {ExecutorChoice::minimal, ExecutorChoice::rows};

std::string name_of(const testing::TestParamInfo<ExecutorChoice>& choice) {
  return std::string(to_string(choice.param));
}

// -- the project's own fixture

Json tiny_expected() {
  return Json::parse(read_file(std::filesystem::path(W2S_TEST_FIXTURES) / "tiny_llama.expected.json"));
}

std::vector<TokenizedSample> tiny_samples(const Json& expected) {
  std::vector<TokenizedSample> samples;
  for (const auto& sample : expected.at("samples")) {
    samples.push_back({.prompt = sample.at("prompt").get<std::vector<Token>>(),
                       .chosen = sample.at("chosen").get<Token>(),
                       .rejected = sample.at("rejected").get<Token>()});
  }
  return samples;
}

TEST(TinyModelFixture, HasTheTokensOfItsTexts) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto expected = tiny_expected();
  for (const auto& sample : expected.at("samples"))
    EXPECT_EQ(tiny.model().tokenize(sample.at("text").get<std::string>()),
              sample.at("prompt").get<std::vector<Token>>());
}

TEST(TinyModelFixture, AgreesInRepresentationsAndVectors) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), {.context = 512, .threads = 1}, 1);
  const auto expected = tiny_expected();
  auto samples = tiny_samples(expected);
  samples.resize(expected.at("training_samples").get<std::size_t>());
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto& wanted = expected.at("representations").at(i);
    const auto chosen = flat(wanted.at("chosen"));
    const auto rejected = flat(wanted.at("rejected"));
    EXPECT_THAT(test::residuals_at_answer(decoders[0], samples[i], samples[i].chosen),
                Pointwise(FloatNear(1e-4F), chosen));
    EXPECT_THAT(test::residuals_at_answer(decoders[0], samples[i], samples[i].rejected),
                Pointwise(FloatNear(1e-4F), rejected));
    EXPECT_THAT(read_prompt(decoders[0], samples[i], {.answers = true}).difference,
                Pointwise(FloatNear(1e-4F), difference(chosen, rejected)));
  }
  EXPECT_THAT(mean_difference(read_representations(make_prompt_readers(decoders), samples)),
              Pointwise(FloatNear(1e-4F), flat(expected.at("vectors"))));
}

TEST(TinyModelFixture, AgreesInVectorsThatAreReadLayerByLayer) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto expected = tiny_expected();
  auto samples = tiny_samples(expected);
  samples.resize(expected.at("training_samples").get<std::size_t>());
  EXPECT_THAT(mean_difference(read_representations(make_layerwise_readers(tiny.model(), 1), samples)),
              Pointwise(FloatNear(1e-4F), flat(expected.at("vectors"))));
}

class TinyModelSweep : public testing::TestWithParam<ExecutorChoice> {};
INSTANTIATE_TEST_SUITE_P(Executor, TinyModelSweep, testing::ValuesIn(executors), name_of);

TEST_P(TinyModelSweep, AgreesInPropensityAndSteerability) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  auto decoders = make_decoders(tiny.model(), {.context = 512, .threads = 1}, 1);
  const auto executor = std::move(make_executors(decoders, GetParam()).front());
  const auto expected = tiny_expected();
  const auto samples = tiny_samples(expected);
  const auto& info = tiny.model().info();
  const ConstantSource vectors({.layers = info.layers, .width = info.width}, flat(expected.at("vectors")));
  const SweepGrid grid{.layers = full_grid(info.layers).layers,
                       .multipliers = expected.at("multipliers").get<std::vector<float>>()};
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto outcome = executor->run({.sample = &samples[i],
                                        .shared_prefix = common_prefix_length(samples),
                                        .interventions = interventions(grid),
                                        .sources = {&vectors},
                                        .encoders = {}});
    const auto map = propensity_map(grid, outcome.unsteered, outcome.steered);
    const auto& wanted = expected.at("samples").at(i);
    EXPECT_THAT(map.values, Pointwise(FloatNear(1e-4F), flat(wanted.at("propensities"))));
    EXPECT_THAT(steerability(grid.multipliers, map),
                Pointwise(testing::DoubleNear(1e-4), wanted.at("steerabilities").get<std::vector<double>>()));
  }
}

// -- PyTorch's numbers

class Reference : public testing::Test {
 protected:
  void SetUp() override {
    const auto shared = test::shared_data_folder();
    const auto file = test::default_model();
    if (!shared || !std::filesystem::exists(*shared / "reference")) GTEST_SKIP() << "skipped: no shared reference data";
    if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
    folder = *shared / "reference";
    model = std::make_unique<Model>(Model::load(*file));
  }

  [[nodiscard]] std::vector<TokenizedSample> samples(const std::string& name) const {
    const auto behaviors = read_behaviors((folder / name).string());
    return test::tokenized(*model, behaviors.at(0));
  }

  std::filesystem::path folder;
  std::unique_ptr<Model> model;
};

class ReferenceSweep : public Reference, public testing::WithParamInterface<ExecutorChoice> {};
INSTANTIATE_TEST_SUITE_P(Executor, ReferenceSweep, testing::ValuesIn(executors), name_of);

TEST_P(ReferenceSweep, AgreesInTokensPropensitySteerabilityAndBestLayer) {
  const auto expected = Json::parse(read_file(folder / "openness.expected.json"));
  const auto items = samples("openness.jsonl");
  const auto vectors = read_vector_source(folder / "openness.vectors.gguf");
  check_fits(*vectors, model->info(), full_grid(model->info().layers).layers);
  auto decoders = make_decoders(*model, {.context = 1024, .threads = 1}, 1);
  const auto executor = std::move(make_executors(decoders, GetParam()).front());
  const auto grid = full_grid(model->info().layers);
  ASSERT_EQ(items.size(), expected.at("propensity").size());
  for (std::size_t i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items[i].prompt, expected.at("tokens_up_to_the_steered_one").at(i).get<std::vector<Token>>());
    EXPECT_EQ(items[i].chosen, expected.at("chosen_token").at(i).get<Token>());
    EXPECT_EQ(items[i].rejected, expected.at("rejected_token").at(i).get<Token>());
    const auto outcome = executor->run({.sample = &items[i],
                                        .shared_prefix = common_prefix_length(items),
                                        .interventions = interventions(grid),
                                        .sources = {vectors.get()},
                                        .encoders = {}});
    const auto map = propensity_map(grid, outcome.unsteered, outcome.steered);
    const auto found = steerability(grid.multipliers, map);
    const auto wanted = expected.at("steerability").at(i).get<std::vector<double>>();
    EXPECT_THAT(map.values, Pointwise(FloatNear(1e-3F), flat(expected.at("propensity").at(i)))) << i;
    EXPECT_THAT(found, Pointwise(testing::DoubleNear(1e-4), wanted)) << i;
    EXPECT_EQ(best_layer(found), best_layer(wanted)) << i;
  }
}

double relative_error(std::span<const float> found, std::span<const float> wanted) {
  double difference = 0;
  double size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    difference += std::pow(static_cast<double>(found[i]) - static_cast<double>(wanted[i]), 2);
    size += std::pow(static_cast<double>(wanted[i]), 2);
  }
  return std::sqrt(difference / size);
}

class ReferenceRepresentations : public Reference {
 protected:
  void SetUp() override {
    Reference::SetUp();
    if (IsSkipped()) return;
    expected_ = read_tensor_file(folder / "openness.representations.gguf");
    items_ = samples("openness.train.jsonl");
  }

  // [layers][width] of a sample.
  [[nodiscard]] const std::vector<float>& wanted(std::size_t sample, const char* side) const {
    return expected_.tensors.at("sample." + std::to_string(sample) + "." + side).values;
  }
  [[nodiscard]] std::vector<float> wanted_difference(std::size_t sample) const {
    return difference(wanted(sample, "chosen"), wanted(sample, "rejected"));
  }

  void expect_agreement(std::span<const float> found, std::span<const float> wanted) const {
    const std::size_t width = model->info().width;
    ASSERT_EQ(found.size(), wanted.size());
    for (std::size_t layer = 0; layer < model->info().layers; ++layer) {
      EXPECT_LE(relative_error(found.subspan(layer * width, width), wanted.subspan(layer * width, width)), 1e-3)
          << "layer " << layer;
    }
  }

  TensorFile expected_;
  std::vector<TokenizedSample> items_;
};

TEST_F(ReferenceRepresentations, AgreeAtTheAnswerLetter) {
  Decoder decoder(*model, {.context = 1024, .threads = 1});
  for (std::size_t i = 0; i < items_.size(); ++i) {
    SCOPED_TRACE(i);
    expect_agreement(test::residuals_at_answer(decoder, items_[i], items_[i].chosen), wanted(i, "chosen"));
    expect_agreement(test::residuals_at_answer(decoder, items_[i], items_[i].rejected), wanted(i, "rejected"));
    expect_agreement(read_prompt(decoder, items_[i], {.answers = true}).difference, wanted_difference(i));
  }
}

TEST_F(ReferenceRepresentations, AgreeInDifferencesThatAreReadLayerByLayer) {
  const auto found = read_representations(make_layerwise_readers(*model, 1), items_);
  for (std::size_t i = 0; i < items_.size(); ++i) {
    SCOPED_TRACE(i);
    expect_agreement(found.input(i).difference, wanted_difference(i));
  }
}

}  // namespace
}  // namespace w2s
