#include "w2s/vectors.h"

#include <gmock/gmock.h>

#include <limits>
#include <string>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

using testing::HasSubstr;

ConstantSource source_of(std::vector<float> values) {
  return {{.method = "caa",
           .model_architecture = "llama",
           .layers = 3,
           .width = 2,
           .notes = {{"behavior", "openness"}, {"samples", "12 (train)"}}},
          std::move(values)};
}

ConstantSource three_layers() { return source_of({1, 2, 3, 4, 5, 6}); }

std::string refusal(const std::filesystem::path& path, const TensorFile& file) {
  write_tensor_file(path, file);
  return test::message_of(ErrorKind::vectors, [&] { static_cast<void>(read_vector_source(path)); });
}

TensorFile written(const test::TemporaryFolder& folder, const VectorSource& source) {
  write_vector_source(folder / "good.gguf", source);
  return read_tensor_file(folder / "good.gguf");
}

TensorFile written(const test::TemporaryFolder& folder) { return written(folder, three_layers()); }

ModelInfo three_layer_llama() {
  ModelInfo model;
  model.architecture = "llama";
  model.layers = 3;
  model.width = 2;
  return model;
}

/// Looks at the prompt after one layer.
class LookingSource final : public VectorSource {
 public:
  LookingSource(SourceInfo info, PromptNeeds needs) : VectorSource(std::move(info)), needs_(std::move(needs)) {}

  [[nodiscard]] PromptNeeds needs() const override { return needs_; }
  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    return input.last.at(layer);
  }
  [[nodiscard]] TensorFile to_file() const override { return {}; }

 private:
  PromptNeeds needs_;
};

TEST(VectorSource, IsTheSameAfterWritingAndReading) {
  const test::TemporaryFolder folder;
  // Numbers that no shorter format would keep.
  const auto source = source_of({1.0F / 3, -2, 1e-30F, 3e38F, std::numeric_limits<float>::denorm_min(), -0.1F});
  write_vector_source(folder / "v.gguf", source);
  const auto read = read_vector_source(folder / "v.gguf");
  EXPECT_EQ(read->info().method, "caa");
  EXPECT_EQ(read->info().model_architecture, "llama");
  EXPECT_EQ(read->info().layers, 3U);
  EXPECT_EQ(read->info().width, 2U);
  EXPECT_EQ(read->info().notes, source.info().notes);
  EXPECT_TRUE(read->info().validation.empty());
  for (std::size_t layer = 0; layer < 3; ++layer) EXPECT_EQ(read->vector(layer, {}), source.vector(layer, {}));
}

TEST(VectorSource, KeepsItsAgreementWithHeldOutOracleVectors) {
  const test::TemporaryFolder folder;
  auto source = three_layers();
  for (const double layer : {0.0, 1.0, 2.0}) {
    source.info().validation.push_back(
        {.cosine = 0.5 + layer / 8, .mean_cosine = 0.25 + layer / 8, .error = 4 + layer, .mean_error = 8 + layer});
  }
  write_vector_source(folder / "v.gguf", source);
  const auto validation = read_vector_source(folder / "v.gguf")->info().validation;
  ASSERT_EQ(validation.size(), 3U);
  for (std::size_t layer = 0; layer < 3; ++layer) {
    EXPECT_EQ(validation[layer].cosine, source.info().validation[layer].cosine);
    EXPECT_EQ(validation[layer].mean_cosine, source.info().validation[layer].mean_cosine);
    EXPECT_EQ(validation[layer].error, source.info().validation[layer].error);
    EXPECT_EQ(validation[layer].mean_error, source.info().validation[layer].mean_error);
  }
}

TEST(ConstantSourceFile, IsALlamaControlVector) {
  const test::TemporaryFolder folder;
  const auto file = written(folder);
  EXPECT_EQ(std::get<std::string>(file.metadata.at("general.architecture")), "controlvector");
  EXPECT_EQ(std::get<std::string>(file.metadata.at("controlvector.model_hint")), "llama");
  EXPECT_EQ(std::get<std::int64_t>(file.metadata.at("controlvector.layer_count")), 3);
  EXPECT_EQ(file.tensors.at("direction.1").values, (std::vector<float>{3, 4}));
  EXPECT_EQ(file.tensors.at("direction.2").values, (std::vector<float>{5, 6}));
}

TEST(ConstantSourceFile, KeepsLayerZeroBesideTheTensorsBecauseLlamaRefusesIt) {
  const test::TemporaryFolder folder;
  const auto file = written(folder);
  EXPECT_FALSE(file.tensors.contains("direction.0"));
  EXPECT_EQ(std::get<std::vector<double>>(file.metadata.at("w2s.direction.0")), (std::vector<double>{1, 2}));
}

TEST(ConstantSourceFile, IsReadWithLayerZeroAsATensor) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  file.metadata.erase("w2s.direction.0");
  file.tensors["direction.0"] = {.shape = {2}, .values = {7, 8}};
  write_tensor_file(folder / "v.gguf", file);
  const auto read = read_vector_source(folder / "v.gguf");
  EXPECT_EQ(read->vector(0, {}), (std::vector<float>{7, 8}));
  EXPECT_EQ(read->vector(2, {}), (std::vector<float>{5, 6}));
}

TEST(ConstantSourceFile, IsReadWithoutWhatOtherToolsDoNotWrite) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  std::erase_if(file.metadata, [](const auto& entry) {
    return entry.first != "general.architecture" && entry.first != "w2s.direction.0";
  });
  write_tensor_file(folder / "v.gguf", file);
  const auto read = read_vector_source(folder / "v.gguf");
  EXPECT_EQ(read->info().layers, 3U);
  EXPECT_EQ(read->info().width, 2U);
  EXPECT_EQ(read->info().model_architecture, "");
  EXPECT_EQ(read->vector(1, {}), (std::vector<float>{3, 4}));
}

TEST(ConstantSourceFile, IsRefusedWithAMissingLayer) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  file.tensors.erase("direction.1");
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("no direction.1"));
  file = written(folder);
  file.metadata.erase("w2s.direction.0");
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("no direction.0"));
  file = written(folder);
  file.tensors["direction.18446744073709551615"] = file.tensors.at("direction.1");
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("though it has direction.18446744073709551615"));
}

TEST(ConstantSourceFile, IsRefusedWithNumbersThatAreNotFinite) {
  const test::TemporaryFolder folder;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto file = written(folder);
    file.tensors.at("direction.1").values[1] = bad;
    EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.1 contains NaN or infinity"));
    file = written(folder);
    file.metadata["w2s.direction.0"] = std::vector<double>{1, static_cast<double>(bad)};
    EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.0 contains NaN or infinity"));
  }
}

TEST(ConstantSourceFile, IsRefusedWithLayersOfDifferentWidths) {
  const test::TemporaryFolder folder;
  auto file = written(folder);
  file.tensors.at("direction.2") = {.shape = {3}, .values = {1, 2, 3}};
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.2 has 3 values, others 2"));
  file = written(folder);
  file.tensors.at("direction.2") = {.shape = {2, 2}, .values = {1, 2, 3, 4}};
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("direction.2 has 2 dimensions instead of 1"));
}

TEST(ConstantSourceFile, IsRefusedWithTensorsOfOtherNames) {
  const test::TemporaryFolder folder;
  for (const std::string name : {"something", "direction.", "direction.1b", "direction.-1"}) {
    auto file = written(folder);
    file.tensors[name] = {.shape = {2}, .values = {1, 2}};
    EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("'" + name + "'"));
  }
}

TEST(VectorSource, IsNotReadFromAnotherKindOfFile) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(refusal(folder / "v.gguf", test::tiny_model(test::tiny_llama())), HasSubstr("architecture 'llama'"));
  auto file = written(folder);
  file.tensors.clear();
  file.metadata.erase("w2s.direction.0");
  EXPECT_THAT(refusal(folder / "v.gguf", file), HasSubstr("v.gguf: holds no directions"));
  write_file(folder / "v.gguf", "direction.0 = [1, 2]");
  EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { static_cast<void>(read_vector_source(folder / "v.gguf")); }),
              HasSubstr("not a GGUF file"));
}

TEST(VectorSource, IsRefusedWhereverItsFileIsCutOff) {
  const test::TemporaryFolder folder;
  write_vector_source(folder / "good.gguf", three_layers());
  const auto whole = read_file(folder / "good.gguf");
  ASSERT_GT(whole.size(), 64U);
  // GGUF pads the last tensor's 8 bytes to 32: without the padding nothing is lost.
  for (std::size_t length = 0; length + 32 < whole.size(); length += 7) {
    write_file(folder / "v.gguf", whole.substr(0, length));
    EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { static_cast<void>(read_vector_source(folder / "v.gguf")); }),
                HasSubstr("v.gguf"))
        << length << " of " << whole.size() << " bytes";
  }
}

TEST(VectorSource, ThatIsNotThereIsAFailureToReadIt) {
  const test::TemporaryFolder folder;
  EXPECT_THAT(test::message_of(ErrorKind::io, [&] { static_cast<void>(read_vector_source(folder / "none.gguf")); }),
              HasSubstr("none.gguf"));
}

TEST(CheckFits, RefusesVectorsOfAnotherModelWithTheDifference) {
  const auto refusal_for = [](const ModelInfo& model) {
    return test::message_of(ErrorKind::vectors, [&] { check_fits(three_layers(), model); });
  };
  const auto model = three_layer_llama();
  EXPECT_NO_THROW(check_fits(three_layers(), model));
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

TEST(CheckFits, AcceptsVectorsThatDoNotSayForWhichArchitectureTheyAre) {
  auto source = three_layers();
  source.info().model_architecture = "";
  EXPECT_NO_THROW(check_fits(source, three_layer_llama()));
}

TEST(CheckFits, RefusesALayerOfZerosOnlyWhereItIsUsed) {
  const auto source = source_of({1, 2, 0, 0, 0, 6});
  const std::vector<std::size_t> all = {0, 1, 2};
  const std::vector<std::size_t> without_zeros = {0, 2};
  EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { check_fits(source, three_layer_llama(), all); }),
              HasSubstr("none at layer 1"));
  EXPECT_NO_THROW(check_fits(source, three_layer_llama(), without_zeros));
  EXPECT_NO_THROW(check_fits(source, three_layer_llama()));
}

TEST(CheckFits, RefusesALookAtALayerTheModelHasNot) {
  const auto info = three_layers().info();
  const std::vector<std::size_t> layers = {0, 1, 2};
  EXPECT_NO_THROW(check_fits(LookingSource(info, {.last = {2}}), three_layer_llama(), layers));
  EXPECT_THAT(test::message_of(ErrorKind::vectors,
                               [&] { check_fits(LookingSource(info, {.last = {1, 3}}), three_layer_llama()); }),
              HasSubstr("look at layer 3, the model has 3"));
}

TEST(DependsOnInput, IsSoWhereAnythingOfTheInputIsSeen) {
  const auto info = three_layers().info();
  EXPECT_FALSE(depends_on_input(three_layers()));
  EXPECT_TRUE(depends_on_input(LookingSource(info, {.last = {0}})));
  EXPECT_TRUE(depends_on_input(LookingSource(info, {.answers = true})));
  EXPECT_FALSE(depends_on_input(LookingSource(info, {})));
}

}  // namespace
}  // namespace w2s
