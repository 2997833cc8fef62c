// What holds for the samples of every format.
#pragma once

#include <string_view>

#include "w2s/data.h"

namespace w2s::data {

/// Throws Error{data} if the answers are equal or one begins with the other: no token would tell them apart.
void check_answers(const Sample& sample);

/// Throws Error{data} if there are no samples, or two of them have the same id.
void check_samples(const Behavior& behavior, std::string_view file);

}  // namespace w2s::data
