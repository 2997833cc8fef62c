// The encoders of a study, opened and named before any hour of work begins.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s {

/// Those that read prompts as text: of `fit.encoder`, where it is one, and of `text_encoders`; each once. Throws what
/// opening them does.
[[nodiscard]] std::vector<std::unique_ptr<TextEncoder>> open_text_encoders(const StudySettings& settings);

/// The study's encoder as fits and files name it, free of folders. `opened` are its text encoders. Throws Error{usage}
/// for a layer that the model does not have.
[[nodiscard]] EncoderChoice encoder_by_name(const StudySettings& settings, std::size_t model_layers,
                                            const std::vector<std::unique_ptr<TextEncoder>>& opened);

}  // namespace w2s
