#include "study/staged_job.h"

#include <fmt/format.h>

#include <functional>
#include <string_view>
#include <utility>

namespace w2s {
namespace {

Job renamed(const Job& job, std::function<std::string(std::string_view)> rename) {
  Job named = job;
  if (!job.on_progress) return named;
  named.on_progress = [&job, rename = std::move(rename)](const Progress& progress) {
    const auto stage = rename(progress.stage);
    auto own = progress;
    own.stage = stage;
    job.report(own);
  };
  return named;
}

}  // namespace

Job prefixed(const Job& job, const std::string& behavior) {
  return renamed(job, [behavior](std::string_view stage) { return fmt::format("{}: {}", behavior, stage); });
}

Job suffixed(const Job& job, const std::string& name) {
  return renamed(job, [name](std::string_view stage) { return fmt::format("{}, {}", stage, name); });
}

}  // namespace w2s
