// experiment.json: what an experiment was asked for, where it ran, and how long. It decides nothing.
#pragma once

#include <chrono>
#include <filesystem>

#include "w2s/experiment.h"

namespace w2s {

class ExperimentRecord {
 public:
  /// The run time goes on from what the folder's file says, if there is one.
  ExperimentRecord(ExperimentSettings settings, std::filesystem::path folder);

  /// Writes the file. Throws Error{io}.
  void write();
  /// The same if a minute has passed since.
  void keep_current();

 private:
  [[nodiscard]] double seconds() const;

  ExperimentSettings settings_;
  std::filesystem::path folder_;
  std::chrono::steady_clock::time_point start_;
  std::chrono::steady_clock::time_point written_;
  double earlier_seconds_;
};

}  // namespace w2s
