// Exported vectors in llama.cpp's own hands: it loads and applies them as our decoder does.
#include <common.h>
#include <gmock/gmock.h>
#include <llama.h>

#include <algorithm>
#include <cmath>
#include <memory>

#include "base/random.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "w2s/decoding.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

// The same sums in another order of additions: what is left are the last bits of logits of about 1.
constexpr float tolerance = 2e-5F;
constexpr float scale = 0.75F;
constexpr Token token = 'a';

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};
struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

using Logits = std::vector<float>;

// A tiny model and directions of about the size of its residual stream, layer 0's among them.
class ControlVector : public testing::TestWithParam<test::TinyModelShape> {
 protected:
  ControlVector() {
    write_tiny_model(folder_ / "model.gguf", GetParam());
    Random random(7);
    std::vector<float> values(GetParam().layers * GetParam().width);
    for (float& value : values) value = static_cast<float>(random.normal());
    SourceInfo info{.method = "caa", .model_architecture = GetParam().architecture};
    info.layers = GetParam().layers;
    info.width = GetParam().width;
    source_ = std::make_unique<ConstantSource>(std::move(info), std::move(values));
  }

  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
  [[nodiscard]] const ConstantSource& source() const { return *source_; }

  // What our engine makes of `token` with the vectors of `layers` added.
  [[nodiscard]] Logits our_logits(std::size_t first_layer, std::size_t end_layer) const {
    const auto model = Model::load(folder_ / "model.gguf");
    Decoder decoder(model, {.context = 256, .sequences = 2, .rows_per_batch = 8, .threads = 1});
    Batch batch;
    batch.rows = {{.token = token, .position = 0, .wants_logits = true}};
    for (std::size_t layer = first_layer; layer < end_layer; ++layer)
      batch.edits.push_back(
          {.row = 0, .steering = {.layer = layer, .scale = scale, .direction = source().direction(layer)}});
    return decoder.decode(batch).logits;
  }

  // What llama.cpp makes of it: its loader, its adapter, its decoding.
  [[nodiscard]] Logits llama_logits(const common_control_vector_data* control) const {
    auto model_params = llama_model_default_params();
    model_params.n_gpu_layers = 0;
    const std::unique_ptr<llama_model, FreeModel> model(
        llama_model_load_from_file(path("model.gguf").c_str(), model_params));
    auto params = llama_context_default_params();
    params.n_ctx = 256;
    params.n_threads = params.n_threads_batch = 1;
    params.type_k = params.type_v = GGML_TYPE_F32;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;
    const std::unique_ptr<llama_context, FreeContext> context(llama_init_from_model(model.get(), params));
    if (control != nullptr) {
      EXPECT_EQ(llama_set_adapter_cvec(context.get(), control->data.data(), control->data.size(), control->n_embd, 1,
                                       llama_model_n_layer(model.get())),
                0);
    }
    llama_token prompt = token;
    EXPECT_EQ(llama_decode(context.get(), llama_batch_get_one(&prompt, 1)), 0);
    const float* logits = llama_get_logits_ith(context.get(), 0);
    return {logits, logits + test::tiny_vocabulary};
  }

  [[nodiscard]] common_control_vector_data loaded_by_llama(std::string_view name) const {
    return common_control_vector_load({{scale, path(name)}});
  }

  [[nodiscard]] static float largest_difference(const Logits& first, const Logits& second) {
    float largest = 0;
    for (std::size_t i = 0; i < first.size(); ++i) largest = std::max(largest, std::abs(first[i] - second[i]));
    return largest;
  }

 private:
  test::TemporaryFolder folder_;
  std::unique_ptr<ConstantSource> source_;
};

TEST_P(ControlVector, GivesTheSameLogitsInLlamaAndInOurEngine) {
  const auto exported = export_vectors(source(), path("control.gguf"), VectorFormat::llama_cpp);
  EXPECT_TRUE(exported.first_layer_is_lost);
  const auto control = loaded_by_llama("control.gguf");
  ASSERT_EQ(control.n_embd, static_cast<int>(GetParam().width));

  const auto unsteered = llama_logits(nullptr);
  const auto theirs = llama_logits(&control);
  const auto difference = largest_difference(theirs, our_logits(1, GetParam().layers));
  EXPECT_LT(difference, tolerance);
  RecordProperty("largest_difference", std::to_string(difference));
  EXPECT_LT(largest_difference(unsteered, our_logits(0, 0)), tolerance);
  EXPECT_GT(largest_difference(theirs, unsteered), 1000 * tolerance);
  // A wrong layer would show: neither layer 0 nor one less is what llama.cpp applies.
  EXPECT_GT(largest_difference(theirs, our_logits(0, GetParam().layers)), 1000 * tolerance);
  EXPECT_GT(largest_difference(theirs, our_logits(2, GetParam().layers)), 1000 * tolerance);
}

TEST_P(ControlVector, OfOneLayerIsAppliedAfterThatLayer) {
  for (const std::size_t layer : {std::size_t{1}, GetParam().layers - 1}) {
    std::vector<float> values(GetParam().layers * GetParam().width, 0.0F);
    std::ranges::copy(source().direction(layer),
                      values.begin() + static_cast<std::ptrdiff_t>(layer * GetParam().width));
    const auto exported =
        export_vectors(ConstantSource(source().info(), std::move(values)), path("one.gguf"), VectorFormat::llama_cpp);
    EXPECT_FALSE(exported.first_layer_is_lost);
    const auto control = loaded_by_llama("one.gguf");
    EXPECT_LT(largest_difference(llama_logits(&control), our_logits(layer, layer + 1)), tolerance) << layer;
  }
}

TEST_P(ControlVector, InAFileOfOurOwnIsLoadedByLlamaAsWell) {
  write_vector_source(path("own.gguf"), source());
  static_cast<void>(export_vectors(source(), path("control.gguf"), VectorFormat::llama_cpp));
  const auto own = loaded_by_llama("own.gguf");
  EXPECT_EQ(own.n_embd, static_cast<int>(GetParam().width));
  EXPECT_EQ(own.data, loaded_by_llama("control.gguf").data);
}

// Why an export drops layer 0.
TEST_P(ControlVector, WithATensorForLayerZeroIsRefusedByLlama) {
  TensorFile file;
  file.metadata["general.architecture"] = std::string(control_vector_architecture);
  file.tensors["direction.0"] = {.shape = {GetParam().width}, .values = std::vector<float>(GetParam().width, 1)};
  write_tensor_file(path("zero.gguf"), file);
  EXPECT_EQ(loaded_by_llama("zero.gguf").n_embd, -1);
}

INSTANTIATE_TEST_SUITE_P(Engine, ControlVector, testing::Values(test::tiny_llama(), test::qwen2_like_40_layers()),
                         [](const auto& shape) { return shape.param.architecture; });

}  // namespace
}  // namespace w2s
