#include "w2s/base.h"

#include <fmt/format.h>

namespace w2s {

Job part_of(const Job& job, Share share) {
  Job own = job;
  if (share.is_whole() || !job.on_progress) return own;
  own.on_progress = [&job, share](const Progress& progress) {
    const auto stage = fmt::format("{} (part {} of {})", progress.stage, share.rank + 1, share.of);
    auto named = progress;
    named.stage = stage;
    job.report(named);
  };
  return own;
}

}  // namespace w2s
