#include "w2s/model.h"

#include <gmock/gmock.h>

#include <fstream>
#include <numeric>

#include "support/error_of.h"
#include "support/shared_data.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using test::message_of;
using testing::HasSubstr;

std::string load_error(const std::filesystem::path& path) {
  return message_of(ErrorKind::model, [&] { static_cast<void>(Model::load(path)); });
}

TEST(Model, KnowsItsShape) {
  const LoadedTinyModel tiny(test::llama_like_32_layers());
  const auto& info = tiny.model().info();
  EXPECT_EQ(info.architecture, "llama");
  EXPECT_EQ(info.layers, 32U);
  EXPECT_EQ(info.width, 32U);
  EXPECT_EQ(info.vocabulary, test::tiny_vocabulary);
  EXPECT_EQ(info.weight_type, "F32");
  EXPECT_FALSE(info.is_quantized);
  EXPECT_FALSE(info.is_embedding_model);
  EXPECT_TRUE(info.has_chat_template);
}

TEST(Model, IsDescribedByItsHeaderAsByLoadingIt) {
  const LoadedTinyModel tiny(test::qwen2_like_40_layers());
  const auto from_header = inspect_model(tiny.path());
  EXPECT_EQ(from_header.layers, tiny.model().info().layers);
  EXPECT_EQ(from_header.parameters, tiny.model().info().parameters);
  EXPECT_EQ(from_header.architecture, "qwen2");
}

TEST(Model, PutsBosInFrontOnceWhereItsTokenizerWantsIt) {
  const LoadedTinyModel with_bos(test::tiny_llama());
  EXPECT_EQ(with_bos.model().tokenize("ab"), (std::vector<Token>{test::bos_token, 'a', 'b'}));
  EXPECT_EQ(with_bos.model().tokenize("<s>ab"), (std::vector<Token>{test::bos_token, 'a', 'b'}));
  const LoadedTinyModel without(test::qwen2_like_40_layers());
  EXPECT_EQ(without.model().tokenize("ab"), (std::vector<Token>{'a', 'b'}));
}

TEST(Model, GivesBackTheTextOfTokens) {
  const LoadedTinyModel tiny(test::qwen2_like_40_layers());
  const std::string text = "<|im_start|>Grüße, 世界\n";
  EXPECT_EQ(tiny.model().text(tiny.model().tokenize(text)), text);
}

TEST(Model, IsRefusedWhenTheFileIsMissing) {
  EXPECT_THAT(load_error("no/such/model.gguf"), HasSubstr("no/such/model.gguf: no such file"));
}

TEST(Model, IsRefusedWhereverTheFileIsCut) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder / "whole.gguf", test::tiny_llama());
  const auto whole = read_file(folder / "whole.gguf");
  for (const double share : {0.0, 0.0001, 0.01, 0.1, 0.5, 0.9, 0.999}) {
    write_file(folder / "cut.gguf",
               whole.substr(0, static_cast<std::size_t>(share * static_cast<double>(whole.size()))));
    EXPECT_THAT(load_error(folder / "cut.gguf"), HasSubstr("cut.gguf")) << share;
  }
}

TEST(Model, IsRefusedWhenLlamaWouldAssert) {
  const test::TemporaryFolder folder;
  const auto refused = [&](const std::string& key, MetadataValue value) {
    auto file = test::tiny_model(test::tiny_llama());
    file.metadata.insert_or_assign(key, std::move(value));
    write_tensor_file(folder / "bad.gguf", file);
    return load_error(folder / "bad.gguf");
  };
  EXPECT_THAT(refused("llama.block_count", std::int64_t{0}), HasSubstr("without layers"));
  EXPECT_THAT(refused("llama.block_count", std::int64_t{5000}), HasSubstr("5000 layers"));
  EXPECT_THAT(refused("llama.expert_count", std::int64_t{100000}), HasSubstr("100000 experts"));
  EXPECT_THAT(refused("llama.rope.scaling.type", std::string("spiral")), HasSubstr("'spiral'"));
  EXPECT_THAT(refused("general.architecture", std::string("nonsense")), HasSubstr("nonsense"));
  std::vector<std::string> tokens(test::tiny_vocabulary, "same");
  EXPECT_THAT(refused("tokenizer.ggml.tokens", tokens), HasSubstr("'same' twice"));
}

TEST(Conversion, OfAnF32ModelKeepsEveryWeight) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder / "in.gguf", test::tiny_llama());
  convert_to_f32(folder / "in.gguf", folder / "out.gguf", 1);
  const auto before = read_tensor_file(folder / "in.gguf");
  const auto after = read_tensor_file(folder / "out.gguf");
  ASSERT_EQ(before.tensors.size(), after.tensors.size());
  for (const auto& [name, tensor] : before.tensors) EXPECT_EQ(tensor.values, after.tensors.at(name).values) << name;
}

TEST(Conversion, LeavesNothingBehindWhenTheInputIsNoModel) {
  const test::TemporaryFolder folder;
  std::ofstream(folder / "in.gguf") << "not a model";
  EXPECT_THAT(message_of(ErrorKind::model, [&] { convert_to_f32(folder / "in.gguf", folder / "out.gguf", 1); }),
              HasSubstr("in.gguf"));
  EXPECT_FALSE(std::filesystem::exists(folder / "out.gguf"));
}

}  // namespace
}  // namespace w2s
