// The options of `w2s run` as an experiment's file has them: under the same names, but for those that would be
// ambiguous there.
#pragma once

#include "w2s/experiment.h"
#include "w2s/option.h"

namespace w2s {

/// What is the same for all studies. The settings must outlive the options, here and below.
[[nodiscard]] Options options_of_all_studies(ExperimentSettings& settings);

/// What each model has its own of.
[[nodiscard]] Options options_of_a_model(ExperimentModel& model);

}  // namespace w2s
