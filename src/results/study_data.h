// The samples that a results folder was made with, read again.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "w2s/data.h"
#include "w2s/model.h"
#include "w2s/results.h"

namespace w2s {

/// What a sweep says of its behaviour.
struct SweptBehavior {
  std::string name;
  std::string data;  ///< content hash
};

[[nodiscard]] SweptBehavior swept_behavior(const BehaviorResults& behavior);

/// What the sweeps of the folders are of. Throws Error{results} if one was made with another model or chat template
/// than this.
[[nodiscard]] std::vector<SweptBehavior> swept_behaviors(std::span<const BehaviorFolder> folders,
                                                         const std::filesystem::path& model,
                                                         const ModelOptions& options);

/// The behaviours, in the order asked, from the sources the study was made with (as for read_behaviors), with its limit
/// and seed. Throws Error{results} if they are not the study's.
[[nodiscard]] std::vector<Behavior> read_study_data(const ResultsFolder& folder, std::span<const SweptBehavior> swept,
                                                    std::span<const std::string> sources);

}  // namespace w2s
