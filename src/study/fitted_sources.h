// The vector sources of a behaviour in a results folder: read where they are there, fitted where they are not.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "study/prepared_behavior.h"
#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/study.h"

namespace w2s {

/// The methods a study asks for, and after them those that choose the fixed layer of one of them. Throws Error{usage}
/// for an unknown name, none, or one that is named twice.
[[nodiscard]] std::vector<std::string> methods_to_sweep(std::span<const std::string> asked);

/// What the methods' results depend on beside the data, by name: empty for those that have no options.
[[nodiscard]] std::map<std::string, std::string> describe_method_options(std::span<const std::string> methods,
                                                                         const MethodOptions& options);

/// Who reads the samples that methods learn from and, where a sweep goes on from what is read, how it does.
struct SampleReading {
  PromptReaders readers;
  std::optional<std::size_t> shared_prefix = {};
  std::set<std::size_t> mean_layers = {};
};

/// One source a method, on every rank: all of them read representations, the first one fits. What is fitted is written
/// at once; what came before an interruption is found again in a work folder, which is removed when all are there.
[[nodiscard]] std::vector<std::unique_ptr<VectorSource>> fitted_sources(
    const BehaviorFolder& folder, const PreparedBehavior& prepared, std::span<const std::string> methods,
    const MethodOptions& options, const SampleReading& reading, Ranks& ranks, const Job& job);

}  // namespace w2s
