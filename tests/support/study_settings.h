// A study for tests.
#pragma once

#include <filesystem>

#include "w2s/study.h"

namespace w2s::test {

/// A study of a model and a data file that takes no time: one small network a predictor, one thread.
[[nodiscard]] StudySettings tiny_study(const std::filesystem::path& model, const std::filesystem::path& data);

}  // namespace w2s::test
