#include "w2s/generation.h"

#include <gmock/gmock.h>

#include "generate/generations.h"
#include "support/error_of.h"
#include "support/tiny_bert.h"
#include "w2s/model.h"
#include "w2s/results.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using testing::HasSubstr;

class NamedSteeringTest : public testing::Test {
 protected:
  [[nodiscard]] const Model& model() const { return tiny_.model(); }
  [[nodiscard]] BehaviorFolder behavior(const std::string& name) const {
    const BehaviorFolder folder{folder_ / "results" / name};
    std::filesystem::create_directories(folder.root);
    write_vector_source(folder.vectors(), test::some_vectors(model().info()));
    return folder;
  }
  [[nodiscard]] PredictorFile predictor_file(const std::string& encoder = "first-last") const {
    const PredictorPolicy policy{.objective = Objective::cross_entropy, .top_k = 2};
    PredictorFile file;
    file.encoder = encoder;
    file.behavior = "warm";
    file.model_architecture = model().info().architecture;
    file.model_layers = model().info().layers;
    file.fixed_layer = 3;
    file.default_policy = policy;
    auto& fitted = file.by_policy[policy];
    fitted.policy = policy;
    fitted.by_seed = {test::some_predictor(model().info(), 1), test::some_predictor(model().info(), 2)};
    return file;
  }
  [[nodiscard]] NamedSteering load(const std::filesystem::path& path, const SteeringLoadOptions& options = {}) const {
    const SteeringPath named{.name = "warm", .path = path};
    return load_steerings({&named, 1}, model(), options).front();
  }
  [[nodiscard]] std::string refusal(ErrorKind kind, const std::filesystem::path& path,
                                    const SteeringLoadOptions& options = {}) const {
    return test::message_of(kind, [&] { static_cast<void>(load(path, options)); });
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
  test::TemporaryFolder folder_;
};

TEST_F(NamedSteeringTest, IsABehaviourOfAResultsFolder) {
  const auto folder = behavior("warm");
  write_predictors(folder.predictor(), predictor_file());
  const auto steering = load(folder.root);
  EXPECT_EQ(steering.name, "warm");
  ASSERT_TRUE(steering.predictor);
  EXPECT_EQ(steering.predictor->own_layer, (PromptEncoder{0, Pooling::last}));
  EXPECT_EQ(steering.fixed_layer, 3U);
  EXPECT_EQ(steering.operation, SteeringOperator::add);
  const std::vector<float> prompt(model().info().width, 0.5F);
  EXPECT_EQ(steering.predictor->predictor.probabilities(prompt),
            test::some_predictor(model().info(), 1).probabilities(prompt))
      << "the default policy's first";
}

TEST_F(NamedSteeringTest, SteersAsItsPredictorsFileSaysWithoutASweep) {
  const auto folder = behavior("warm");
  auto file = predictor_file();
  file.operation = SteeringOperator::ablate_add;
  write_predictors(folder.predictor(), file);
  EXPECT_EQ(load(folder.root).operation, SteeringOperator::ablate_add);
}

TEST_F(NamedSteeringTest, SteersAsItsSweepDidWhereAnOlderVersionFitted) {
  const auto folder = behavior("warm");
  SweepStoreHeader header{.behavior = "warm",
                          .samples = 1,
                          .model_layers = model().info().layers,
                          .width = model().info().width,
                          .methods = {"caa"},
                          .grid = full_grid(model().info().layers)};
  header.grid.operation = SteeringOperator::add_keep_norm;
  static_cast<void>(SweepStore::open(folder.sweep(), header));
  EXPECT_EQ(load(folder.root).operation, SteeringOperator::add_keep_norm) << "without predictors";
  write_predictors(folder.predictor(), predictor_file());
  EXPECT_EQ(load(folder.root).operation, SteeringOperator::add_keep_norm) << "with predictors that do not say";
}

TEST_F(NamedSteeringTest, IsAVectorsFileAloneWithoutAPredictor) {
  const auto folder = behavior("warm");
  write_predictors(folder.predictor(), predictor_file());
  EXPECT_FALSE(load(folder.vectors()).predictor);
  EXPECT_FALSE(load(behavior("no predictor").root).predictor);
}

TEST_F(NamedSteeringTest, HasANameAndAPath) {
  EXPECT_EQ(parse_steering_path("warm=a/b=c").name, "warm");
  EXPECT_EQ(parse_steering_path("warm=a/b=c").path, "a/b=c");
  for (const char* text : {"", "warm", "=path", "warm="})
    EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { static_cast<void>(parse_steering_path(text)); }),
                HasSubstr("NAME=PATH"));
  const auto path = behavior("warm").root;
  const std::vector<SteeringPath> twice = {{"warm", path}, {"warm", path}};
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { static_cast<void>(load_steerings(twice, model())); }),
              HasSubstr("'warm'"));
}

TEST_F(NamedSteeringTest, RefusesWhatIsNotThereOrNoSteering) {
  const auto folder = behavior("warm");
  EXPECT_THAT(refusal(ErrorKind::results, folder_ / "results"), HasSubstr("name one: " + folder.root.string()));
  std::filesystem::create_directories(folder_ / "empty");
  EXPECT_THAT(refusal(ErrorKind::results, folder_ / "empty"), HasSubstr("vectors.gguf"));
  EXPECT_THAT(refusal(ErrorKind::io, folder_ / "nothing.gguf"), HasSubstr("nothing.gguf"));
  write_predictors(folder.predictor(), predictor_file());
  EXPECT_THAT(refusal(ErrorKind::vectors, folder.predictor()), HasSubstr(folder.predictor().string()));
}

TEST_F(NamedSteeringTest, RefusesVectorsOfAnotherModel) {
  const test::LoadedTinyModel other(test::llama_like_32_layers());
  write_vector_source(folder_ / "other.gguf", test::some_vectors(other.model().info()));
  const auto message = refusal(ErrorKind::vectors, folder_ / "other.gguf");
  EXPECT_THAT(message, HasSubstr("other.gguf"));
  EXPECT_THAT(message, HasSubstr("32 layers, the model 4"));
}

TEST_F(NamedSteeringTest, RefusesOracleVectors) {
  MethodTraining nothing;
  nothing.info = {.method = "oracle",
                  .model_architecture = model().info().architecture,
                  .layers = model().info().layers,
                  .width = model().info().width};
  const auto oracle = steering_method("oracle").fit(nothing, {}, {});
  write_vector_source(folder_ / "oracle.gguf", *oracle);
  EXPECT_THAT(refusal(ErrorKind::vectors, folder_ / "oracle.gguf"), HasSubstr("own answers"));
}

TEST_F(NamedSteeringTest, RefusesAPredictorOfAnotherModelByItsFile) {
  const auto folder = behavior("warm");
  const auto write = [&](auto change) {
    auto file = predictor_file();
    change(file);
    write_predictors(folder.predictor(), file);
  };
  write([](PredictorFile& file) { file.model_architecture = "qwen2"; });
  EXPECT_THAT(refusal(ErrorKind::predictor, folder.root),
              testing::AllOf(HasSubstr(folder.predictor().string()), HasSubstr("'qwen2'")));
  write([](PredictorFile& file) { file.model_layers = 32; });
  EXPECT_THAT(refusal(ErrorKind::predictor, folder.root), HasSubstr("32 layers, this one has 4"));
  write([](PredictorFile& file) { file.encoder = "layer9-last"; });
  EXPECT_THAT(refusal(ErrorKind::usage, folder.root), HasSubstr(folder.predictor().string()));
  write([](PredictorFile& file) {
    ModelInfo info;
    info.layers = 4;
    info.width = 8;
    auto& fitted = file.by_policy.begin()->second;
    fitted.by_seed = {test::some_predictor(info, 1)};
  });
  EXPECT_THAT(refusal(ErrorKind::predictor, folder.root), HasSubstr("it sees 8 numbers"));
}

TEST_F(NamedSteeringTest, OpensTheEmbeddingModelOfItsPredictorsOnce) {
  const auto encoder = folder_ / "bert.gguf";
  write_tensor_file(encoder, test::tiny_word_piece_bert());
  const EmbeddingModel embedding_model(encoder);
  ModelInfo seen;
  seen.layers = model().info().layers;
  seen.width = embedding_model.width();
  std::vector<SteeringPath> paths;
  for (const char* name : {"warm", "open"}) {
    auto file = predictor_file(embedding_model.name());
    file.by_policy.begin()->second.by_seed = {test::some_predictor(seen, 1)};
    paths.push_back({.name = name, .path = behavior(name).root});
    write_predictors(behavior(name).predictor(), file);
  }
  const auto steerings =
      load_steerings(paths, model(), {.encoders = {parse_encoder_choice("gguf:" + encoder.string())}, .threads = 1});
  ASSERT_TRUE(steerings[0].predictor->text_encoder);
  EXPECT_EQ(steerings[0].predictor->text_encoder, steerings[1].predictor->text_encoder);

  GenerationEngine engine(Decoder(model(), test::roomy), steerings);
  const std::string text = "raining again";
  const auto embedding = steerings[0].predictor->text_encoder->encode(std::span(&text, 1), {}).front();
  const auto said = test::generate(
      engine, {.prompt = model().tokenize(text), .text = text, .steering = {{.name = "warm"}}, .max_tokens = 2});
  EXPECT_EQ(said.started->applied.front().layer, steerings[0].predictor->predictor.layer(embedding));
}

TEST_F(NamedSteeringTest, NeedsToKnowWhereTheEmbeddingModelOfItsPredictorIs) {
  const auto folder = behavior("warm");
  write_predictors(folder.predictor(), predictor_file("gguf:some-model:mean"));
  const auto message = refusal(ErrorKind::usage, folder.root);
  EXPECT_THAT(message, testing::AllOf(HasSubstr("gguf:some-model:mean"), HasSubstr("--encoder gguf:FILE.gguf")));
  EXPECT_THAT(refusal(ErrorKind::usage, folder.root, {.encoders = {parse_encoder_choice("gguf:other.gguf")}}),
              HasSubstr("some-model"));
  const auto elsewhere = (folder_ / "some-model.gguf").string();
  EXPECT_THAT(refusal(ErrorKind::model, folder.root, {.encoders = {parse_encoder_choice("gguf:" + elsewhere)}}),
              HasSubstr(elsewhere));
}

}  // namespace
}  // namespace w2s
