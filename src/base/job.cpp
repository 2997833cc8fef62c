#include "w2s/base.h"

namespace w2s {

void Job::report(const Progress& progress) const {
  if (on_progress) on_progress(progress);
}

void Job::warn(std::string_view line) const {
  if (on_warning) on_warning(line);
}

void Job::check_stop() const {
  if (stop.stop_requested()) throw Error(ErrorKind::interrupted, "interrupted; what was finished is kept");
}

}  // namespace w2s
