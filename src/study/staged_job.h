// Jobs whose stages say what the work is for.
#pragma once

#include <string>

#include "w2s/base.h"

namespace w2s {

/// "openness: sweep". The returned job must not outlive `job`.
[[nodiscard]] Job prefixed(const Job& job, const std::string& behavior);
/// "cross-validation top1, caa". The returned job must not outlive `job`.
[[nodiscard]] Job suffixed(const Job& job, const std::string& name);

}  // namespace w2s
