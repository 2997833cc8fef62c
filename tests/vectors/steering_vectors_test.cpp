#include "w2s/steering_vectors.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/error.h"
#include "w2s/tensor_file.h"

namespace w2s {
namespace {

using testing::HasSubstr;

SteeringVectors three_layers() {
  return {.method = "caa",
          .model_architecture = "llama",
          .layers = 3,
          .width = 2,
          .values = {1, 2, 3, 4, 5, 6},
          .notes = {{"behavior", "openness"}}};
}

std::string refusal(const std::filesystem::path& path, const TensorFile& file) {
  write_tensor_file(path, file);
  return test::message_of(ErrorKind::vectors, [&] { static_cast<void>(read_steering_vectors(path)); });
}

TensorFile written(const test::TemporaryFolder& folder) {
  write_steering_vectors(folder / "good.gguf", three_layers());
  return read_tensor_file(folder / "good.gguf");
}

TEST(SteeringVectors, AreTheSameAfterWritingAndReading) {
  const test::TemporaryFolder folder;
  const auto vectors = three_layers();
  write_steering_vectors(folder / "v.gguf", vectors);
  const auto read = read_steering_vectors(folder / "v.gguf");
  EXPECT_EQ(read.method, vectors.method);
  EXPECT_EQ(read.model_architecture, vectors.model_architecture);
  EXPECT_EQ(read.layers, vectors.layers);
  EXPECT_EQ(read.width, vectors.width);
  EXPECT_EQ(read.values, vectors.values);
  EXPECT_EQ(read.notes, vectors.notes);
}

TEST(SteeringVectors, AreALlamaControlVectorWithLayerZero) {
  const test::TemporaryFolder folder;
  const auto file = written(folder);
  EXPECT_EQ(std::get<std::string>(file.metadata.at("general.architecture")), "controlvector");
  EXPECT_EQ(std::get<std::string>(file.metadata.at("controlvector.model_hint")), "llama");
  EXPECT_EQ(file.tensors.at("direction.0").values, (std::vector<float>{1, 2}));
  EXPECT_EQ(file.tensors.at("direction.2").values, (std::vector<float>{5, 6}));
}

TEST(SteeringVectors, WithAMissingLayerAreRefused) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  file.tensors.erase("direction.1");
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("no direction.1"));
}

TEST(SteeringVectors, ThatAreNotFiniteAreRefused) {
  const test::TemporaryFolder folder;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto file = written(folder);
    file.tensors.at("direction.1").values[1] = bad;
    EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.1 contains NaN or infinity"));
  }
}

TEST(SteeringVectors, OfDifferentWidthsAreRefused) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  file.tensors.at("direction.2") = {.shape = {3}, .values = {1, 2, 3}};
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.2 has 3 values, others 2"));
}

TEST(SteeringVectors, AreNotReadFromAnotherKindOfFile) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder / "v.gguf", test::tiny_model(test::tiny_llama())), HasSubstr("architecture 'llama'"));
  auto file = written(folder);
  file.tensors.clear();
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("holds no directions"));
  file.tensors["something"] = {.shape = {2}, .values = {1, 2}};
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("'something'"));
}

TEST(SteeringVectors, OfAnotherModelAreRefusedWithTheDifference) {
  ModelInfo model;
  model.architecture = "llama";
  model.layers = 3;
  model.width = 2;
  const auto refusal_for = [&](const ModelInfo& info) -> std::string {
    try {
      check_fits(three_layers(), info);
    } catch (const Error& error) {
      return error.what();
    }
    return "fits";
  };
  EXPECT_EQ(refusal_for(model), "fits");
  auto other = model;
  other.width = 4;
  EXPECT_THAT(refusal_for(other), HasSubstr("2 wide, the model's residual stream is 4"));
  other = model;
  other.layers = 5;
  EXPECT_THAT(refusal_for(other), HasSubstr("3 layers, the model 5"));
  other = model;
  other.architecture = "qwen2";
  EXPECT_THAT(refusal_for(other), HasSubstr("'llama' model, this is 'qwen2'"));
}

}  // namespace
}  // namespace w2s
