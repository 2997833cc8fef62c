// How long the stages of measuring a behaviour took: <behaviour>/times.json. It is a record for people and no part of
// the measurement: two runs that give the same results have different times.
#pragma once

#include <string>
#include <vector>

#include "w2s/results_folder.h"

namespace w2s {

/// Wall-clock time of all runs that worked on a behaviour together. A run that is stopped or fails counts up to then;
/// of a run that is killed the stage in flight is lost.
struct StageTime {
  std::string stage;  ///< "vectors", "sweep", "embeddings", "predictor" or "variants"
  double seconds = 0;

  bool operator==(const StageTime&) const = default;
};

/// The stages in the order of a run; those that had nothing to do are left out. Empty if the folder has no times.json.
/// Throws Error{results} that names the file if it is damaged, Error{io} if it cannot be read.
[[nodiscard]] std::vector<StageTime> read_stage_times(const BehaviorFolder& folder);

/// Adds to what the folder has recorded of a stage. A times.json that is damaged is begun anew: times are never worth
/// failing a run for. Throws Error{io} if it cannot be read or written.
void add_stage_time(const BehaviorFolder& folder, const StageTime& time);

}  // namespace w2s
