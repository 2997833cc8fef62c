#include "cli/commands/work.h"

namespace w2s::cli {

Work::Work(const Console& console, bool quiet) : bar_(console), signals_(quiet) {
  job_.stop = signals_.token();
  if (quiet) return;
  job_.on_progress = [this](const Progress& progress) { bar_.show(progress); };
  job_.on_warning = [this](std::string_view line) { bar_.warn(line); };
}

}  // namespace w2s::cli
