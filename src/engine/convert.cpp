// Weights as F32, by llama.cpp's own quantiser run backwards.
#include <fmt/format.h>
#include <llama.h>

#include "engine/backend.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {

void convert_to_f32(const std::filesystem::path& input, const std::filesystem::path& output, int threads) {
  static_cast<void>(inspect_model(input));
  replace_file(output, [&](const std::filesystem::path& temporary) {
    auto params = llama_model_quantize_default_params();
    params.nthread = threads;
    params.ftype = LLAMA_FTYPE_ALL_F32;
    params.allow_requantize = true;
    const engine::LoggedErrors errors;
    if (llama_model_quantize(input.c_str(), temporary.c_str(), &params) != 0) {
      throw Error(ErrorKind::io, fmt::format("cannot convert {} to {}: {}", input.string(), output.string(),
                                             errors.first_or("llama.cpp gives no reason")));
    }
  });
}

}  // namespace w2s
