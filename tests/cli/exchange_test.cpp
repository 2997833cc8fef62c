// Vectors that move between tools, through `w2s export` and `w2s import`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <string>

#include "cli/small_study.h"
#include "w2s/model.h"
#include "w2s/vectors.h"

namespace w2s::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Exchange : public SmallStudy {
 protected:
  // Different vectors for every layer of the tiny model, but none where `zero_layers` says so.
  void write_vectors(const std::vector<std::size_t>& zero_layers = {}) const {
    SourceInfo info{.method = "caa", .model_architecture = "llama"};
    info.layers = tiny_llama().layers;
    info.width = tiny_llama().width;
    std::vector<float> values;
    for (std::size_t i = 0; i < info.layers * info.width; ++i) {
      const bool is_zero = std::ranges::find(zero_layers, i / info.width) != zero_layers.end();
      values.push_back(is_zero ? 0 : 0.1F * static_cast<float>(i + 1));
    }
    write_vector_source(path("vectors.gguf"), ConstantSource(std::move(info), std::move(values)));
  }

  [[nodiscard]] ProcessResult export_to(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"export", path("vectors.gguf"), "-o", path(name)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return w2s(arguments);
  }

  [[nodiscard]] ProcessResult import_from(const std::string& name, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"import", path(name), "-o", path("imported.gguf")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return w2s(arguments);
  }

  [[nodiscard]] std::vector<float> vector_of(const std::string& name, std::size_t layer) const {
    return read_vector_source(path(name))->vector(layer, {});
  }

  static void expect_refusal(const ProcessResult& result, const ::testing::Matcher<std::string>& says) {
    EXPECT_EQ(result.exit_code, 2) << "signal " << result.signal << "\n" << result.err;
    EXPECT_THAT(result.err, AllOf(HasSubstr("error: "), says));
    EXPECT_EQ(std::ranges::count(result.err, '\n'), 1) << result.err;
    EXPECT_THAT(result.out, IsEmpty());
  }
};

TEST_F(Exchange, ExportForLlamaWarnsThatLayerZeroIsLost) {
  write_vectors();
  const auto result = export_to("control.gguf");
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("warning: layer 0"), HasSubstr("llama.cpp")));
  EXPECT_THAT(result.out, AllOf(HasSubstr("3 vectors of 32 numbers, layers 1-3"),
                                HasSubstr("--control-vector-scaled " + path("control.gguf") + ":1.0")));
  EXPECT_EQ(read_tensor_file(path("control.gguf")).tensors.size(), 3U);
}

TEST_F(Exchange, ExportIsSilentWhereNothingIsLost) {
  write_vectors();
  EXPECT_THAT(export_to("v.npz").err, IsEmpty());
  EXPECT_THAT(export_to("v.csv").err, IsEmpty());
  EXPECT_THAT(export_to("control.gguf", {"--quiet"}).err, IsEmpty());
  write_vectors({0});
  EXPECT_THAT(export_to("control.gguf").err, IsEmpty());
}

TEST_F(Exchange, ExportAndImportGiveTheSameVectors) {
  write_vectors();
  for (const char* name : {"v.npz", "v.csv"}) {
    ASSERT_EQ(export_to(name).exit_code, 0) << name;
    const auto result = import_from(name, {"-m", path("model.gguf")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.out, HasSubstr("4 vectors of 32 numbers, layers 0-3"));
    for (std::size_t layer = 0; layer < tiny_llama().layers; ++layer)
      EXPECT_EQ(vector_of("imported.gguf", layer), vector_of("vectors.gguf", layer)) << name;
  }
}

TEST_F(Exchange, ExportTakesTheFormatThatIsNamed) {
  write_vectors();
  ASSERT_EQ(export_to("table.txt", {"--to", "csv"}).exit_code, 0);
  EXPECT_THAT(read_file(path("table.txt")), ::testing::StartsWith("layer,0,1,"));
  expect_refusal(export_to("table.txt"), HasSubstr("table.txt"));
  expect_refusal(export_to("v.gguf", {"--to", "pt"}), HasSubstr("--to"));
}

TEST_F(Exchange, ImportSaysWhichLayersHaveNoVectorAndASweepLeavesThemOut) {
  write_vectors();
  ASSERT_EQ(export_to("control.gguf", {"--quiet"}).exit_code, 0);
  const auto result = import_from("control.gguf", {"-m", path("model.gguf")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1 of 4 layers have no vector. In a sweep leave them out: --layers 1-3"));

  std::filesystem::rename(path("imported.gguf"), path("vectors.gguf"));
  const auto with_all = w2s(sweep_arguments());
  EXPECT_EQ(with_all.exit_code, 2);
  EXPECT_THAT(with_all.err, HasSubstr("layer 0"));
  EXPECT_EQ(w2s(sweep_arguments({"--layers", "1-3"})).exit_code, 0);
}

TEST_F(Exchange, ImportMovesWhatCvectorGeneratorWroteBackByOneLayer) {
  write_vectors();
  ASSERT_EQ(export_to("control.gguf", {"--quiet"}).exit_code, 0);
  const auto result = import_from("control.gguf", {"--written-by", "cvector-generator"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  for (std::size_t layer = 0; layer < 3; ++layer)
    EXPECT_EQ(vector_of("imported.gguf", layer), vector_of("vectors.gguf", layer + 1));
  EXPECT_THAT(result.out, HasSubstr("--layers 0-2"));
}

TEST_F(Exchange, ImportRefusesVectorsOfAnotherModel) {
  write_vectors();
  ASSERT_EQ(export_to("v.csv").exit_code, 0);
  auto shape = tiny_llama();
  shape.layers = 3;
  write_tiny_model(path("model.gguf"), shape);
  expect_refusal(import_from("v.csv", {"-m", path("model.gguf")}),
                 AllOf(HasSubstr("v.csv"), HasSubstr("layer 3"), HasSubstr("0 to 2")));
  shape.layers = 4;
  shape.width = 64;
  write_tiny_model(path("model.gguf"), shape);
  expect_refusal(import_from("v.csv", {"-m", path("model.gguf")}),
                 AllOf(HasSubstr("v.csv"), HasSubstr("32"), HasSubstr("64")));
  expect_refusal(import_from("v.csv", {"--layers", "2"}), HasSubstr("layer 3"));
  EXPECT_FALSE(exists("imported.gguf"));
}

TEST_F(Exchange, ImportWarnsWhenTheFileNamesAnotherArchitecture) {
  write_vectors();
  ASSERT_EQ(export_to("control.gguf", {"--quiet"}).exit_code, 0);
  auto file = read_tensor_file(path("control.gguf"));
  file.metadata["controlvector.model_hint"] = std::string("mistral");
  write_tensor_file(path("control.gguf"), file);
  const auto result = import_from("control.gguf", {"-m", path("model.gguf")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("warning: "), HasSubstr("'mistral'"), HasSubstr("'llama'")));
  EXPECT_EQ(read_vector_source(path("imported.gguf"))->info().model_architecture, "llama");
}

TEST_F(Exchange, RefusesWhatCannotBeExchanged) {
  write_vectors();
  expect_refusal(import_from("model.gguf"), AllOf(HasSubstr("model.gguf"), HasSubstr("is a model")));
  expect_refusal(import_from("review.jsonl"), AllOf(HasSubstr("review.jsonl"), HasSubstr("not a GGUF file")));
  expect_refusal(import_from("nowhere.gguf"), HasSubstr("nowhere.gguf"));
  expect_refusal(import_from("vectors.gguf", {"--written-by", "me"}), HasSubstr("--written-by"));
  expect_refusal(import_from("vectors.gguf", {"--layers", "4", "-m", path("model.gguf")}), HasSubstr("--layers"));
  expect_refusal(export_to("vectors.gguf"), HasSubstr("is the input itself"));
  expect_refusal(w2s({"export", path("model.gguf"), "-o", path("v.csv")}), HasSubstr("model.gguf"));
  EXPECT_FALSE(exists("imported.gguf"));
}

TEST_F(Exchange, RefusesToExportOracleVectors) {
  TensorFile file;
  file.metadata = {{"general.architecture", std::string("w2s-oracle")},
                   {"w2s.method", std::string("oracle")},
                   {"w2s.width", std::int64_t{32}},
                   {"controlvector.layer_count", std::int64_t{4}}};
  write_tensor_file(path("vectors.gguf"), file);
  expect_refusal(export_to("v.npz"), AllOf(HasSubstr("'oracle'"), HasSubstr("depend on the input")));
}

}  // namespace
}  // namespace w2s::test
