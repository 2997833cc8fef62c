// Finds out, by trying it, whether a model can be steered at every layer.
#pragma once

#include "engine/residual_tap.h"
#include "w2s/decoding.h"

namespace w2s::engine {

/// Decodes one token as a row for each layer, edited there, beside one that is not. Throws Error{model} if the graph
/// does not show a layer's residual stream or an edit leaves the logits as they were. Clears the decoder.
void probe_steering(Decoder& decoder, const ResidualTap& tap);

}  // namespace w2s::engine
