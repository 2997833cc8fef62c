// How many decoders work side by side.
#pragma once

#include <cstddef>

#include "w2s/model.h"

namespace w2s {

/// What make_decoders makes where no number is named, of so many threads (0: all cores).
[[nodiscard]] std::size_t decoder_count(const ModelInfo& model, int threads);

}  // namespace w2s
