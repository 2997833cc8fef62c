#include <fmt/format.h>

#include <array>
#include <string_view>

#include "measure.h"
#include "parts.h"
#include "sweep_setup.h"

namespace w2s::bench {
namespace {

struct LargeModel {
  std::string_view name;
  std::size_t layers = 0;
  LayerShape shape;
};

// As their publishers' config.json has them.
constexpr std::array models = {
    LargeModel{"Llama-2-7B", 32, {.width = 4096, .query_width = 4096, .kv_width = 4096, .feed_forward = 11008}},
    LargeModel{"Qwen1.5-14B", 40, {.width = 5120, .query_width = 5120, .kv_width = 5120, .feed_forward = 13696}}};

struct Processor {
  std::string_view name;
  double peak = 0;   // operations a second, as its vendor states them
  double share = 0;  // of it that is assumed to be reached
};

constexpr std::array processors = {Processor{"H100 SXM, F32: 67 TFLOP/s", 67e12, 0.5},
                                   Processor{"H100 SXM, dense BF16: 989 TFLOP/s", 989e12, 0.4}};

constexpr std::size_t prefix_tokens = 40;
constexpr std::size_t tokens = 80;

// One sample as Model-Written Evaluations have them; what the tokens are does not matter.
std::vector<SweepItem> one_item() {
  SweepItem item;
  item.tokens.prompt.resize(prefix_tokens + tokens);
  return {item};
}

}  // namespace

void predict_large_models(const BenchSettings& /*settings*/, Table& table) {
  for (const auto& model : models) {
    const auto a_row = layer_flops(model.shape);
    const ConstantSource vectors({.layers = model.layers, .width = 1}, std::vector<float>(model.layers, 1));
    const SweepRequest request{.grid = full_grid(model.layers), .sources = {&vectors}};
    const auto items = one_item();
    const double flops = least_flops(a_row, model.layers, prefix_tokens, request, items);
    for (const auto& processor : processors) {
      table.add({.what = fmt::format("prediction, nothing measured: {}, {} + {} tokens, {} layers x {} multipliers",
                                     model.name, prefix_tokens, tokens, model.layers, request.grid.multipliers.size()),
                 .threads = "GPU",
                 .measured = fmt::format("{:.1f} TFLOP a sample", flops / 1e12),
                 .beside = fmt::format("{}, {:.0f}% of it assumed", processor.name, processor.share * 100),
                 .ratio = text_of_seconds(flops / (processor.peak * processor.share)) + " a sample"});
    }
  }
}

}  // namespace w2s::bench
