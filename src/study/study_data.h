// The samples that a results folder was made with, read again.
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "w2s/dataset.h"

namespace w2s {

/// What a sweep says of its behaviour.
struct SweptBehavior {
  std::string name;
  std::string data;  ///< content hash
};

/// The behaviours, in the order asked, from the sources the study was made with (as for read_behaviors), with its limit
/// and seed. Throws Error{results} if they are not the study's.
[[nodiscard]] std::vector<Behavior> read_study_data(const std::filesystem::path& folder,
                                                    std::span<const SweptBehavior> swept,
                                                    std::span<const std::string> sources);

}  // namespace w2s
