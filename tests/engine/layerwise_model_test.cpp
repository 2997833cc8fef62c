#include "engine/layerwise_model.h"

#include <gmock/gmock.h>
#include <llama.h>

#include <array>

#include "support/tiny_study.h"
#include "w2s/decoding.h"

namespace w2s {
namespace {

using testing::FloatNear;
using testing::Pointwise;

constexpr std::array<Token, 7> prompt = {5, 3, 9, 14, 3, 20, 7};

// The last token's residual stream after every layer, [layers][width].
std::vector<float> computed(const Model& model) {
  LayerwiseModel layerwise(model);
  auto key_values = layerwise.no_tokens();
  RowBatch batch(model.info().width);
  batch.add({.prompt = &key_values, .rows = prompt.size(), .position = 0, .extends_prompt = true});
  for (std::size_t i = 0; i < prompt.size(); ++i) layerwise.embed(prompt[i], batch.row(0, i));
  std::vector<float> residual_stream;
  for (std::size_t layer = 0; layer < model.info().layers; ++layer) {
    layerwise.apply(layer, batch);
    const auto last = batch.row(0, prompt.size() - 1);
    residual_stream.insert(residual_stream.end(), last.begin(), last.end());
  }
  return residual_stream;
}

std::vector<float> decoded(const Model& model) {
  Decoder decoder(model, {.context = 64, .threads = 1});
  Batch batch;
  for (const Token token : prompt)
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  for (std::size_t layer = 0; layer < model.info().layers; ++layer)
    batch.captures.push_back({batch.rows.size() - 1, layer});
  return decoder.decode(batch).captured;
}

TEST(LayerwiseModel, HasTheResidualStreamOfTheDecoder) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  EXPECT_THAT(computed(tiny.model()), Pointwise(FloatNear(1e-4F), decoded(tiny.model())));
}

TEST(LayerwiseModel, CountsTheArithmeticOfItsProducts) {
  const test::LoadedTinyModel tiny(test::tiny_llama());
  LayerwiseModel layerwise(tiny.model());
  auto key_values = layerwise.no_tokens();
  RowBatch batch(tiny.model().info().width);
  batch.add({.prompt = &key_values, .rows = 4, .position = 0, .extends_prompt = true});
  layerwise.apply(0, batch);
  // Attention is computed for all tokens and masked, as far as they see each other.
  const auto row = layer_flops(layerwise.layer_shape());
  EXPECT_DOUBLE_EQ(layerwise.flops(), 4 * (row.weights + 4 * row.attention_a_token));
}

class StoredType : public testing::TestWithParam<llama_ftype> {};

TEST_P(StoredType, ComputesWhatTheSameWeightsGiveAsF32) {
  const test::TemporaryFolder folder;
  test::write_tiny_model(folder / "f32.gguf", {.width = 64, .feed_forward = 64});
  auto params = llama_model_quantize_default_params();
  params.ftype = GetParam();
  ASSERT_EQ(llama_model_quantize((folder / "f32.gguf").c_str(), (folder / "stored.gguf").c_str(), &params), 0U);
  convert_to_f32(folder / "stored.gguf", folder / "again_f32.gguf", 1);
  const auto original = computed(Model::load(folder / "f32.gguf"));
  const auto stored = computed(Model::load(folder / "stored.gguf"));
  EXPECT_NE(stored, original);
  EXPECT_THAT(stored, Pointwise(FloatNear(1e-5F), computed(Model::load(folder / "again_f32.gguf"))));
}

INSTANTIATE_TEST_SUITE_P(LayerwiseModel, StoredType,
                         testing::Values(LLAMA_FTYPE_MOSTLY_F16, LLAMA_FTYPE_MOSTLY_BF16, LLAMA_FTYPE_MOSTLY_Q8_0));

}  // namespace
}  // namespace w2s
