// Against numbers that were not computed by this project's code: NumPy's of a tiny model (tests/fixtures) always,
// PyTorch's of SmolLM2-135M-Instruct where the shared reference data and the model are there.
#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "support/shared_data.h"
#include "support/tiny_study.h"
#include "w2s/file.h"
#include "w2s/representations.h"
#include "w2s/sweep_executor.h"
#include "w2s/tensor_file.h"

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
    const auto found = answer_representations(decoders[0], samples[i]);
    const auto& wanted = expected.at("representations").at(i);
    EXPECT_THAT(found.chosen, Pointwise(FloatNear(1e-4F), flat(wanted.at("chosen"))));
    EXPECT_THAT(found.rejected, Pointwise(FloatNear(1e-4F), flat(wanted.at("rejected"))));
  }
  EXPECT_THAT(mean_difference(read_representations(decoders, samples, {})),
              Pointwise(FloatNear(1e-4F), flat(expected.at("vectors"))));
}

TEST(TinyModelFixture, AgreesInVectorsThatAreReadLayerByLayer) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  const auto expected = tiny_expected();
  auto samples = tiny_samples(expected);
  samples.resize(expected.at("training_samples").get<std::size_t>());
  auto readers = make_prompt_readers(tiny.model(), 1, samples);
  EXPECT_THAT(mean_difference(read_representations(readers, samples, {})),
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
    const auto map = propensity_map(grid, outcome.unsteered, outcome.steered.at(0));
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
    const auto map = propensity_map(grid, outcome.unsteered, outcome.steered.at(0));
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

TEST_F(Reference, AgreesInRepresentationsAtTheAnswerLetter) {
  const auto expected = read_tensor_file(folder / "openness.representations.gguf");
  const auto items = samples("openness.train.jsonl");
  Decoder decoder(*model, {.context = 1024, .threads = 1});
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto found = answer_representations(decoder, items[i]);
    for (const auto& [side, values] : {std::pair("chosen", &found.chosen), std::pair("rejected", &found.rejected)}) {
      const auto& wanted = expected.tensors.at("sample." + std::to_string(i) + "." + side).values;
      const std::size_t width = model->info().width;
      ASSERT_EQ(values->size(), wanted.size());
      for (std::size_t layer = 0; layer < model->info().layers; ++layer) {
        EXPECT_LE(relative_error(std::span(*values).subspan(layer * width, width),
                                 std::span(wanted).subspan(layer * width, width)),
                  1e-3)
            << "sample " << i << ", " << side << ", layer " << layer;
      }
    }
  }
}

TEST_F(Reference, AgreesInDifferencesThatAreReadLayerByLayer) {
  const auto expected = read_tensor_file(folder / "openness.representations.gguf");
  const auto items = samples("openness.train.jsonl");
  auto readers = make_prompt_readers(*model, 1, items);
  const auto found = read_representations(readers, items, {});
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto& chosen = expected.tensors.at("sample." + std::to_string(i) + ".chosen").values;
    const auto& rejected = expected.tensors.at("sample." + std::to_string(i) + ".rejected").values;
    for (std::size_t layer = 0; layer < found.layers; ++layer) {
      std::vector<float> wanted(found.width);
      for (std::size_t k = 0; k < found.width; ++k)
        wanted[k] = chosen[layer * found.width + k] - rejected[layer * found.width + k];
      EXPECT_LE(relative_error(found.difference(i, layer), wanted), 1e-3) << "sample " << i << ", layer " << layer;
    }
  }
}

}  // namespace
}  // namespace w2s
