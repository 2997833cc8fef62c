#include "w2s/vectors.h"

#include <gmock/gmock.h>

#include <bit>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <ranges>

#include "support/error_of.h"
#include "support/file_size_limit.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::StartsWith;

ConstantSource source_with(std::size_t layers, std::vector<float> values) {
  SourceInfo info{.method = "caa", .model_architecture = "llama"};
  info.layers = layers;
  info.width = values.size() / layers;
  return {std::move(info), std::move(values)};
}

ConstantSource three_layers() { return source_with(3, {0.1F, -0.0F, 3, 1e-45F, 5e37F, -6}); }

std::vector<float> values_of(const ConstantSource& source) {
  std::vector<float> values;
  for (std::size_t layer = 0; layer < source.info().layers; ++layer) {
    const auto direction = source.direction(layer);
    values.insert(values.end(), direction.begin(), direction.end());
  }
  return values;
}

std::vector<std::uint32_t> bits_of(const std::vector<float>& values) {
  std::vector<std::uint32_t> bits;
  for (const float value : values) bits.push_back(std::bit_cast<std::uint32_t>(value));
  return bits;
}

TensorFile control_vector(std::map<std::string, Tensor> tensors) {
  TensorFile file;
  file.metadata["general.architecture"] = std::string("controlvector");
  file.metadata["controlvector.model_hint"] = std::string("llama");
  file.tensors = std::move(tensors);
  return file;
}

class VectorExchange : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path path(std::string_view name) const { return folder_ / name; }

  [[nodiscard]] TensorFile exported(const VectorSource& source) const {
    static_cast<void>(export_vectors(source, path("out.gguf"), VectorFormat::llama_cpp));
    return read_tensor_file(path("out.gguf"));
  }

  [[nodiscard]] ConstantSource imported(const TensorFile& file, const VectorImport& options = {}) const {
    write_tensor_file(path("in.gguf"), file);
    return import_vectors(path("in.gguf"), options);
  }

  [[nodiscard]] std::string refusal(std::string_view name, const VectorImport& options = {}) const {
    const auto message =
        test::message_of(ErrorKind::vectors, [&] { static_cast<void>(import_vectors(path(name), options)); });
    EXPECT_THAT(message, StartsWith(path(name).string() + ": "));
    EXPECT_EQ(message.find(path(name).string(), 1), std::string::npos) << message;
    return message;
  }
  [[nodiscard]] std::string refusal(const TensorFile& file, const VectorImport& options = {}) const {
    write_tensor_file(path("in.gguf"), file);
    return refusal("in.gguf", options);
  }

 private:
  test::TemporaryFolder folder_;
};

TEST_F(VectorExchange, KeepsEveryBitThroughArraysAndTables) {
  for (const auto format : {VectorFormat::npz, VectorFormat::csv}) {
    const auto file = path(format == VectorFormat::npz ? "v.npz" : "v.csv");
    EXPECT_FALSE(export_vectors(three_layers(), file, format).first_layer_is_lost);
    const auto read = import_vectors(file);
    EXPECT_EQ(bits_of(values_of(read)), bits_of(values_of(three_layers())));
    EXPECT_EQ(read.info().layers, 3U);
    EXPECT_EQ(read.info().width, 2U);
  }
}

TEST_F(VectorExchange, RemembersMethodAndModelWhereTheFormatCan) {
  static_cast<void>(export_vectors(three_layers(), path("v.gguf"), VectorFormat::llama_cpp));
  static_cast<void>(export_vectors(three_layers(), path("v.npz"), VectorFormat::npz));
  static_cast<void>(export_vectors(three_layers(), path("v.csv"), VectorFormat::csv));
  for (const char* name : {"v.gguf", "v.npz"}) {
    EXPECT_EQ(import_vectors(path(name)).info().method, "caa");
    EXPECT_EQ(import_vectors(path(name)).info().model_architecture, "llama");
  }
  EXPECT_EQ(import_vectors(path("v.csv")).info().method, "imported");
  EXPECT_EQ(import_vectors(path("v.csv"), {.method = "mine"}).info().method, "mine");
  EXPECT_THAT(import_vectors(path("v.csv")).info().notes, ElementsAre(Pair("imported from", "v.csv")));
}

TEST_F(VectorExchange, WritesAControlVectorWithoutLayerZeroAndSaysSo) {
  const auto result = export_vectors(three_layers(), path("v.gguf"), VectorFormat::llama_cpp);
  EXPECT_TRUE(result.first_layer_is_lost);
  const auto file = read_tensor_file(path("v.gguf"));
  ASSERT_EQ(file.tensors.size(), 2U);
  EXPECT_EQ(file.tensors.at("direction.1").values, (std::vector<float>{3, 1e-45F}));
  EXPECT_EQ(file.tensors.at("direction.2").values, (std::vector<float>{5e37F, -6}));
  EXPECT_EQ(std::get<std::string>(file.metadata.at("general.architecture")), "controlvector");
  EXPECT_EQ(std::get<std::string>(file.metadata.at("controlvector.model_hint")), "llama");
  EXPECT_EQ(std::get<std::int64_t>(file.metadata.at("controlvector.layer_count")), 2);
}

TEST_F(VectorExchange, LeavesLayersWithoutAVectorOutOfAControlVector) {
  const auto source = source_with(4, {0, 0, 1, 2, 0, 0, 3, 4});
  EXPECT_FALSE(export_vectors(source, path("v.gguf"), VectorFormat::llama_cpp).first_layer_is_lost);
  EXPECT_THAT(read_tensor_file(path("v.gguf")).tensors,
              ElementsAre(Pair("direction.1", testing::_), Pair("direction.3", testing::_)));
}

TEST_F(VectorExchange, RefusesToExportVectorsOfLayerZeroAlone) {
  const auto message = test::message_of(ErrorKind::vectors, [&] {
    static_cast<void>(export_vectors(source_with(2, {1, 2, 0, 0}), path("v.gguf"), VectorFormat::llama_cpp));
  });
  EXPECT_THAT(message, HasSubstr("llama.cpp, which does not apply layer 0"));
  EXPECT_FALSE(std::filesystem::exists(path("v.gguf")));
}

class DependsOnPrompt final : public VectorSource {
 public:
  using VectorSource::VectorSource;
  [[nodiscard]] PromptNeeds needs() const override { return {.last = {1}}; }
  [[nodiscard]] std::vector<float> vector(std::size_t, const PromptReading& input) const override {
    return input.last.at(1);
  }
  [[nodiscard]] TensorFile to_file() const override { return {}; }
};

TEST_F(VectorExchange, RefusesToExportVectorsThatDependOnTheInput) {
  SourceInfo info{.method = "l2s"};
  info.layers = info.width = 2;
  for (const auto format : {VectorFormat::llama_cpp, VectorFormat::npz, VectorFormat::csv}) {
    const auto message = test::message_of(
        ErrorKind::vectors, [&] { static_cast<void>(export_vectors(DependsOnPrompt(info), path("v"), format)); });
    EXPECT_THAT(message, AllOf(HasSubstr("'l2s'"), HasSubstr("depend on the input")));
  }
  EXPECT_FALSE(std::filesystem::exists(path("v")));
}

// What repeng's export_gguf writes: the last layer first, from L-1 down to 1, and the number of directions.
class RepengFile {
 public:
  explicit RepengFile(const std::map<std::size_t, std::vector<float>>& directions) {
    number(std::uint32_t{3}).number(std::uint64_t{directions.size()}).number(std::uint64_t{3});
    constexpr std::uint32_t text = 8;
    constexpr std::uint32_t u32 = 4;
    string("general.architecture").number(text).string("controlvector");
    string("controlvector.model_hint").number(text).string("mistral");
    string("controlvector.layer_count").number(u32).number(static_cast<std::uint32_t>(directions.size()));
    std::uint64_t offset = 0;
    constexpr std::uint64_t alignment = 32;
    for (const auto& [layer, direction] : std::views::reverse(directions)) {
      string("direction." + std::to_string(layer)).number(std::uint32_t{1});
      number(std::uint64_t{direction.size()}).number(std::uint32_t{0}).number(offset);
      offset += (direction.size() * sizeof(float) + alignment - 1) / alignment * alignment;
    }
    for (const auto& [layer, direction] : std::views::reverse(directions)) {
      bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, '\0');
      for (const float value : direction) number(value);
    }
    bytes_.resize((bytes_.size() + alignment - 1) / alignment * alignment, '\0');
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  template <typename T>
  RepengFile& number(T value) {
    bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
    return *this;
  }
  RepengFile& string(std::string_view value) {
    number(std::uint64_t{value.size()});
    bytes_ += value;
    return *this;
  }

  std::string bytes_ = "GGUF";
};

TEST_F(VectorExchange, ImportsAndExportsARepengFileByteForByteInItsTensors) {
  std::map<std::size_t, std::vector<float>> directions;
  for (std::size_t layer = 1; layer < 12; ++layer)
    directions[layer] = {0.1F * static_cast<float>(layer), -0.0F, 1e-45F, -3e38F, 1.0F / 3};
  write_file(path("repeng.gguf"), RepengFile(directions).bytes());
  const auto original = read_tensor_file(path("repeng.gguf"));
  ASSERT_EQ(original.tensors.size(), directions.size());

  const auto source = import_vectors(path("repeng.gguf"), {.written_by = ControlVectorWriter::repeng});
  EXPECT_EQ(source.info().layers, 12U);
  EXPECT_THAT(source.direction(0), ElementsAre(0, 0, 0, 0, 0));
  write_vector_source(path("ours.gguf"), source);
  const auto again = exported(*read_vector_source(path("ours.gguf")));

  ASSERT_EQ(again.tensors.size(), original.tensors.size());
  for (const auto& [name, tensor] : original.tensors) {
    ASSERT_TRUE(again.tensors.contains(name)) << name;
    EXPECT_EQ(again.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(bits_of(again.tensors.at(name).values), bits_of(tensor.values)) << name;
  }
  for (const char* key : {"general.architecture", "controlvector.model_hint", "controlvector.layer_count"})
    EXPECT_EQ(again.metadata.at(key), original.metadata.at(key)) << key;
}

TEST_F(VectorExchange, FillsLayersThatAreMissingWithZeros) {
  const auto file = control_vector({{"direction.1", {{2}, {1, 2}}}, {"direction.3", {{2}, {3, 4}}}});
  EXPECT_EQ(values_of(imported(file)), (std::vector<float>{0, 0, 1, 2, 0, 0, 3, 4}));
  EXPECT_EQ(values_of(imported(file, {.layers = 5})), (std::vector<float>{0, 0, 1, 2, 0, 0, 3, 4, 0, 0}));
}

TEST_F(VectorExchange, MovesWhatCvectorGeneratorWroteBackToWhereItWasRead) {
  const auto file = control_vector({{"direction.1", {{2}, {1, 2}}}, {"direction.2", {{2}, {3, 4}}}});
  const auto source = imported(file, {.written_by = ControlVectorWriter::cvector_generator});
  EXPECT_EQ(values_of(source), (std::vector<float>{1, 2, 3, 4, 0, 0}));
  EXPECT_EQ(values_of(imported(file)), (std::vector<float>{0, 0, 1, 2, 3, 4}));
}

TEST_F(VectorExchange, RefusesLayerZeroFromCvectorGenerator) {
  const auto file = control_vector({{"direction.0", {{2}, {1, 2}}}});
  EXPECT_THAT(refusal(file, {.written_by = ControlVectorWriter::cvector_generator}), HasSubstr("counts from 1"));
}

TEST_F(VectorExchange, RefusesCvectorGeneratorForFilesThatItDoesNotWrite) {
  static_cast<void>(export_vectors(three_layers(), path("v.csv"), VectorFormat::csv));
  const auto message = test::message_of(ErrorKind::usage, [&] {
    static_cast<void>(import_vectors(path("v.csv"), {.written_by = ControlVectorWriter::cvector_generator}));
  });
  EXPECT_THAT(message, HasSubstr("v.csv"));
}

TEST_F(VectorExchange, ImportsOurOwnFilesWithTheirLayerZero) {
  write_vector_source(path("own.gguf"), three_layers());
  EXPECT_EQ(bits_of(values_of(import_vectors(path("own.gguf")))), bits_of(values_of(three_layers())));
}

TEST_F(VectorExchange, RefusesALayerThatTheModelDoesNotHave) {
  const auto file = control_vector({{"direction.1", {{1}, {1}}}, {"direction.4", {{1}, {1}}}});
  EXPECT_THAT(refusal(file, {.layers = 4}), HasSubstr("a direction for layer 4, the model has the layers 0 to 3"));
  EXPECT_EQ(imported(file, {.layers = 5}).info().layers, 5U);
  EXPECT_THAT(refusal(control_vector({{"direction.4000000000", {{1}, {1}}}})), HasSubstr("4000000000"));
}

TEST_F(VectorExchange, RefusesDirectionsThatCannotBe) {
  EXPECT_THAT(refusal(control_vector({{"direction.1", {{2}, {1, 2}}}, {"direction.2", {{3}, {1, 2, 3}}}})),
              HasSubstr("layer 2 has 3 numbers, that for layer 1 has 2"));
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), -std::numeric_limits<float>::infinity()})
    EXPECT_THAT(refusal(control_vector({{"direction.3", {{2}, {1, bad}}}})),
                HasSubstr("the direction for layer 3 contains NaN or infinity"));
  EXPECT_THAT(refusal(control_vector({{"direction.1", {{2, 2}, {1, 2, 3, 4}}}})), HasSubstr("2 dimensions"));
  EXPECT_THAT(refusal(control_vector({{"direction.1", {{0}, {}}}})), HasSubstr("layer 1 is empty"));
  EXPECT_THAT(refusal(control_vector({{"direction.one", {{1}, {1}}}})), HasSubstr("'direction.one'"));
  EXPECT_THAT(refusal(control_vector({{"direction.1", {{1}, {1}}}, {"direction.01", {{1}, {1}}}})),
              HasSubstr("two directions for layer 1"));
  EXPECT_THAT(refusal(control_vector({})), HasSubstr("holds no directions"));
}

TEST_F(VectorExchange, RefusesFilesOfAnotherKind) {
  EXPECT_THAT(refusal(test::tiny_model(test::tiny_llama())), HasSubstr("is a model of architecture 'llama'"));
  auto file = control_vector({{"direction.1", {{1}, {1}}}});
  file.metadata["general.architecture"] = std::string("adapter");
  EXPECT_THAT(refusal(file), HasSubstr("architecture 'adapter', not a control vector"));
  file.metadata.erase("general.architecture");
  EXPECT_THAT(refusal(file), HasSubstr("not a control vector"));
  for (const char* name : {"text.gguf", "vectors.pt"}) {
    write_file(path(name), "PK\x03\x04 or anything else");
    EXPECT_THAT(refusal(name), HasSubstr("not a GGUF file"));
  }
  write_file(path("text.npz"), "layer,0\n");
  EXPECT_THAT(refusal("text.npz"), HasSubstr("not a zip archive"));
  write_file(path("text.csv"), "");
  EXPECT_THAT(refusal("text.csv"), HasSubstr("layer,0,1,..."));
  write_file(path("no-lines.csv"), "layer,0\n");
  EXPECT_THAT(refusal("no-lines.csv"), HasSubstr("holds no directions"));
}

TEST_F(VectorExchange, SaysWhyAFileCannotBeRead) {
  for (const char* name : {"missing.gguf", "missing.npz", "missing.csv"}) {
    const auto message = test::message_of(ErrorKind::io, [&] { static_cast<void>(import_vectors(path(name))); });
    EXPECT_THAT(message, HasSubstr(name));
  }
}

TEST_F(VectorExchange, KeepsTheOldFileWhenTheDiskIsFull) {
  const auto large = source_with(2, std::vector<float>(4000, 0.1F));
  for (const auto format : {VectorFormat::llama_cpp, VectorFormat::npz, VectorFormat::csv}) {
    write_file(path("v"), "as it was");
    const auto message = test::message_of(ErrorKind::io, [&] {
      const test::FileSizeLimit limit(256);
      static_cast<void>(export_vectors(large, path("v"), format));
    });
    EXPECT_THAT(message, HasSubstr("cannot write"));
    EXPECT_EQ(read_file(path("v")), "as it was");
  }
}

TEST(VectorFormat, IsToldByNameOrExtension) {
  EXPECT_EQ(parse_vector_format("llama.cpp"), VectorFormat::llama_cpp);
  EXPECT_EQ(parse_vector_format("csv"), VectorFormat::csv);
  EXPECT_THAT(test::message_of(ErrorKind::usage, [] { static_cast<void>(parse_vector_format("pt")); }),
              HasSubstr("llama.cpp, npz, csv"));
  EXPECT_EQ(vector_format_of("some.folder/v.NPZ"), VectorFormat::npz);
  EXPECT_EQ(vector_format_of("v.gguf"), VectorFormat::llama_cpp);
  EXPECT_THAT(test::message_of(ErrorKind::usage, [] { static_cast<void>(vector_format_of("v.pt")); }),
              HasSubstr(".gguf, .npz, .csv"));
}

TEST(ControlVectorWriter, IsToldByName) {
  EXPECT_EQ(parse_control_vector_writer("repeng"), ControlVectorWriter::repeng);
  EXPECT_EQ(parse_control_vector_writer("cvector-generator"), ControlVectorWriter::cvector_generator);
  EXPECT_THAT(test::message_of(ErrorKind::usage, [] { static_cast<void>(parse_control_vector_writer("me")); }),
              HasSubstr("llama.cpp, repeng, cvector-generator"));
}

}  // namespace
}  // namespace w2s
