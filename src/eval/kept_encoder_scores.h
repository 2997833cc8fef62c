// A study's comparison of encoders, which takes long and is therefore made once.
#pragma once

#include <filesystem>
#include <vector>

#include "w2s/encoder_comparison.h"
#include "w2s/study.h"

namespace w2s {

/// The scores in the folder's encoders.json, which is made by compare_encoders where it is missing, or was made from
/// anything else.
[[nodiscard]] std::vector<EncoderScore> kept_encoder_scores(const std::filesystem::path& folder,
                                                            const StudySettings& settings, const Job& job);

}  // namespace w2s
