// A console that remembers what was printed.
#pragma once

#include <string>
#include <string_view>

#include "cli/print/console.h"

namespace w2s::test {

struct RecordingConsole {
  std::string out;
  std::string err;

  [[nodiscard]] cli::Console console() {
    return {.out = [this](std::string_view text) { out += text; },
            .err = [this](std::string_view text) { err += text; }};
  }
};

}  // namespace w2s::test
