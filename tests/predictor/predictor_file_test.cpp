#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>

#include "predictor/synthetic_samples.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

using ::testing::HasSubstr;

constexpr PredictorPolicy expected{.objective = Objective::expected_steerability, .top_k = 1};

PredictorPolicy top(std::size_t k) { return {.objective = Objective::cross_entropy, .top_k = k}; }

class PredictorFileOnDisk : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path() const { return folder_ / "predictor.gguf"; }

 private:
  test::TemporaryFolder folder_;
};

const test::SyntheticSamples& samples() {
  static const auto made = test::synthetic_samples(40, 7, 4, 0.3, 1);
  return made;
}

PredictorFile fitted_file() {
  PredictorOptions options;
  options.grid = {
      .learning_rates = {1e-3, 0.1}, .hidden_widths = {8}, .hidden_layers = {1, 2}, .weight_decays = {1.0 / 3}};
  options.max_epochs = 5;
  options.seeds = 2;
  PredictorFile file{.encoder = "layer2-mean",
                     .behavior = "openness",
                     .method = "l2s",
                     .operation = SteeringOperator::add_keep_norm,
                     .model_architecture = "llama",
                     .model_layers = 4,
                     .fixed_layer = 2,
                     .fixed_layer_method = "oracle",
                     .default_policy = top(3),
                     .by_policy = {},
                     .notes = {{"data", "made up"}}};
  for (const auto& policy : {top(1), top(3), expected}) {
    file.by_policy[policy] = fit_predictors(samples().embeddings, samples().steerability, policy, options);
  }
  return file;
}

std::vector<TrainingCurve> rounded_to_float(std::vector<TrainingCurve> curves) {
  for (auto& [training, held_out] : curves) {
    for (double& loss : training) loss = static_cast<float>(loss);
    for (double& loss : held_out) loss = static_cast<float>(loss);
  }
  return curves;
}

TEST_F(PredictorFileOnDisk, GivesTheSameProbabilitiesBitForBit) {
  const auto written = fitted_file();
  write_predictors(path(), written);
  const auto read = read_predictors(path());
  ASSERT_EQ(read.by_policy.size(), 3U);
  for (const auto& [policy, fitted] : written.by_policy) {
    ASSERT_EQ(read.by_policy.at(policy).by_seed.size(), fitted.by_seed.size());
    for (std::size_t seed = 0; seed < fitted.by_seed.size(); ++seed) {
      const auto& predictor = read.by_policy.at(policy).by_seed[seed];
      EXPECT_EQ(predictor.layers(), fitted.by_seed[seed].layers());
      for (std::size_t i = 0; i < samples().steerability.samples; ++i) {
        EXPECT_EQ(predictor.probabilities(samples().embedding(i)),
                  fitted.by_seed[seed].probabilities(samples().embedding(i)));
      }
    }
  }
}

TEST_F(PredictorFileOnDisk, KeepsWhatThePredictorsAreForAndHowTheyWereChosen) {
  const auto written = fitted_file();
  write_predictors(path(), written);
  const auto read = read_predictors(path());
  EXPECT_EQ(read.encoder, "layer2-mean");
  EXPECT_EQ(read.behavior, "openness");
  EXPECT_EQ(read.model_architecture, "llama");
  EXPECT_EQ(read.model_layers, 4U);
  EXPECT_EQ(read.fixed_layer, 2U);
  EXPECT_EQ(read.method, "l2s");
  EXPECT_EQ(read.fixed_layer_method, "oracle");
  EXPECT_EQ(read.operation, SteeringOperator::add_keep_norm);
  EXPECT_EQ(read.default_policy, top(3));
  EXPECT_EQ(read.notes, written.notes);
  const auto& before = written.by_policy.at(expected);
  const auto& after = read.by_policy.at(expected);
  EXPECT_EQ(after.policy, expected);
  EXPECT_EQ(after.settings, before.settings);
  EXPECT_EQ(after.epochs, before.epochs);
  ASSERT_EQ(before.curves.size(), 5U);
  EXPECT_EQ(after.curves, rounded_to_float(before.curves));
  ASSERT_EQ(after.scores.size(), before.scores.size());
  for (std::size_t i = 0; i < before.scores.size(); ++i) {
    EXPECT_EQ(after.scores[i].settings, before.scores[i].settings);
    EXPECT_FLOAT_EQ(static_cast<float>(after.scores[i].steerability),
                    static_cast<float>(before.scores[i].steerability));
    EXPECT_FLOAT_EQ(static_cast<float>(after.scores[i].accuracy), static_cast<float>(before.scores[i].accuracy));
    EXPECT_FLOAT_EQ(static_cast<float>(after.scores[i].epochs), static_cast<float>(before.scores[i].epochs));
  }
}

TEST_F(PredictorFileOnDisk, OfAnOlderVersionNamesNoOperator) {
  write_predictors(path(), fitted_file());
  auto file = read_tensor_file(path());
  ASSERT_EQ(file.metadata.erase("w2s.predictor.operator"), 1U);
  write_tensor_file(path(), file);
  EXPECT_FALSE(read_predictors(path()).operation);
  file.metadata["w2s.predictor.operator"] = std::string("multiply");
  write_tensor_file(path(), file);
  EXPECT_THAT([&] { static_cast<void>(read_predictors(path())); },
              ::testing::ThrowsMessage<Error>(HasSubstr("w2s.predictor.operator is 'multiply'")));
}

TEST_F(PredictorFileOnDisk, HoldsThePredictorThatAlwaysAnswersTheSameLayer) {
  auto file = fitted_file();
  const LayerPredictor only({.layers = {2}, .mean = {0, 0}, .network = {{.weight = {0, 0}, .bias = {0}}}});
  file.by_policy = {{top(3), {.policy = top(3), .settings = {}, .epochs = 0, .scores = {}, .by_seed = {only}}}};
  write_predictors(path(), file);
  const auto read = read_predictors(path());
  EXPECT_EQ(read.by_policy.at(top(3)).by_seed.at(0).layer(std::vector<float>{1, 2}), 2U);
  EXPECT_TRUE(read.by_policy.at(top(3)).curves.empty());
}

TEST_F(PredictorFileOnDisk, IsReadWithoutTheTrainingCurvesThatOlderVersionsDidNotKeep) {
  write_predictors(path(), fitted_file());
  auto file = read_tensor_file(path());
  EXPECT_GT(
      std::erase_if(file.metadata, [](const auto& entry) { return entry.first.find(".curves.") != std::string::npos; }),
      0U);
  write_tensor_file(path(), file);
  const auto read = read_predictors(path());
  EXPECT_TRUE(read.by_policy.at(top(1)).curves.empty());
  EXPECT_EQ(read.by_policy.at(top(1)).by_seed.size(), 2U);
}

TEST_F(PredictorFileOnDisk, KeepsTheLossesOfATrainingThatDiverged) {
  auto file = fitted_file();
  auto& curve = file.by_policy.at(top(1)).curves.at(2);
  curve.training.back() = std::numeric_limits<double>::quiet_NaN();
  curve.held_out.back() = std::numeric_limits<double>::infinity();
  write_predictors(path(), file);
  const auto read = read_predictors(path()).by_policy.at(top(1)).curves.at(2);
  EXPECT_TRUE(std::isnan(read.training.back()));
  EXPECT_EQ(read.held_out.back(), curve.held_out.back());
}

TEST_F(PredictorFileOnDisk, IsNotWrittenWithoutThePredictorsItPromises) {
  auto file = fitted_file();
  file.default_policy = top(2);
  EXPECT_THROW(write_predictors(path(), file), Error);
  file = fitted_file();
  file.by_policy.at(top(1)).by_seed.clear();
  EXPECT_THROW(write_predictors(path(), file), Error);
  file = fitted_file();
  file.by_policy.at(top(1)).curves.at(1).held_out.pop_back();
  EXPECT_THROW(write_predictors(path(), file), Error);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(PredictorFileOnDisk, IsRefusedByTheNameOfWhatIsWrong) {
  write_predictors(path(), fitted_file());
  const auto whole = read_tensor_file(path());
  const auto refuse = [&](const std::string& why, const std::function<void(TensorFile&)>& change) {
    TensorFile broken = whole;
    change(broken);
    write_tensor_file(path(), broken);
    try {
      static_cast<void>(read_predictors(path()));
      ADD_FAILURE() << "nothing was thrown instead of: " << why;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::predictor) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(why));
      EXPECT_THAT(error.what(), HasSubstr(path().string()));
    }
  };
  const std::string prefix = "w2s.predictor.";
  const auto set = [&](const std::string& key, const MetadataValue& value) {
    return [=](TensorFile& file) { file.metadata[key] = value; };
  };
  refuse("not a layer predictor", set("general.architecture", std::string("llama")));
  refuse(
      "written by another version of w2s (w2s.predictor.version is 1, this program reads 2): fit the predictor again",
      set(prefix + "version", std::int64_t{1}));
  refuse("model_layers has the negative value", set(prefix + "model_layers", std::int64_t{-4}));
  refuse("fixed_layer is 9", set(prefix + "fixed_layer", std::int64_t{9}));
  refuse("default_policy is 'top2'", set(prefix + "default_policy", std::string("top2")));
  refuse("top1.objective is 'hinge'", set(prefix + "top1.objective", std::string("hinge")));
  refuse("w2s.predictor.top1 holds the predictors of top2", set(prefix + "top1.top_k", std::int64_t{2}));
  refuse("top7.activation is missing", set(prefix + "policies", std::vector<std::string>{"top1", "top7"}));
  refuse("encoder is of another type", set(prefix + "encoder", std::int64_t{2}));
  refuse("top1.activation is 'gelu'", set(prefix + "top1.activation", std::string("gelu")));
  refuse("top1.learning_rate is 'fast'", set(prefix + "top1.learning_rate", std::string("fast")));
  refuse("top1.layers names a layer", set(prefix + "top1.layers", std::vector<std::int64_t>{1, 2, 3, 4}));
  refuse("top1.seeds is 0", set(prefix + "top1.seeds", std::int64_t{0}));
  refuse("top1.seed2.mean is missing", set(prefix + "top1.seeds", std::int64_t{1'000'000'000}));
  refuse("cross_validation.accuracy has 1 elements",
         set(prefix + "top1.cross_validation.accuracy", std::vector<double>{1}));
  refuse("top1.curves.fold1.held_out has 1", set(prefix + "top1.curves.fold1.held_out", std::vector<double>{1}));
  refuse("top1.curves.fold5.training is missing", set(prefix + "top1.curves.folds", std::int64_t{1'000'000'000}));
  refuse("top1.curves.folds has the negative value", set(prefix + "top1.curves.folds", std::int64_t{-1}));
  refuse("top1.curves.fold3.training is missing",
         [&](auto& file) { file.metadata.erase(prefix + "top1.curves.fold3.training"); });
  refuse("top1.curves.folds is missing", [&](auto& file) { file.metadata.erase(prefix + "top1.curves.folds"); });
  refuse("seed1.dense0.bias is missing", [](auto& file) { file.tensors.erase("top3.seed1.dense0.bias"); });
  refuse("top1.layers is missing", [&](auto& file) { file.metadata.erase(prefix + "top1.layers"); });
  refuse("dense0.weight is 7 x 8 instead of 8 x 7",
         [](auto& file) { std::ranges::reverse(file.tensors.at("top1.seed0.dense0.weight").shape); });
  refuse("dense0.bias has 2 dimensions", [](auto& file) { file.tensors.at("top1.seed0.dense0.bias").shape = {2, 4}; });
  refuse("top1.seed0.*", [](auto& file) {
    file.tensors.at("top1.seed0.dense0.weight").values[0] = std::numeric_limits<float>::quiet_NaN();
  });
}

}  // namespace
}  // namespace w2s
