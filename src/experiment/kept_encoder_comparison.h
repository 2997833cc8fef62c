// A study's comparison of encoders, which takes long and is therefore made once.
#pragma once

#include <filesystem>

#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s {

/// What the folder's encoders.json says, which is made by compare_encoders where it is missing, or was made from
/// anything else.
[[nodiscard]] EncoderComparison kept_encoder_comparison(const std::filesystem::path& folder,
                                                        const StudySettings& settings, const Job& job);

}  // namespace w2s
