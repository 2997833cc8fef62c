// A finished study on a tiny model: two behaviours, two methods (and the oracle, which one of them brings along), a
// prompt variant, and encoders compared.
#pragma once

#include <filesystem>

namespace w2s::test {

/// Its main method is "l2s", the other one "caa". The predictors have one seed, so that what the first one chooses is
/// what the results are about.
void write_study_of_two_behaviors(const std::filesystem::path& folder);

}  // namespace w2s::test
