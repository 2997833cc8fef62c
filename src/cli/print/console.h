// Where a command prints: results and messages, as functions so that tests can listen.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace w2s::cli {

struct Console {
  /// Results. Throws Error{io} when they cannot be written, OutputClosed when nobody reads them any more.
  std::function<void(std::string_view)> out;
  /// Progress, warnings and errors. Never throws.
  std::function<void(std::string_view)> err;
  bool err_is_terminal = false;
  std::size_t err_columns = 80;  ///< width of that terminal
};

/// The reader of the results has closed the pipe, as `head` does: a reason to end, not a failure.
struct OutputClosed {};

/// Standard output and standard error. From then on a closed pipe is an error to handle, not a signal that kills.
[[nodiscard]] Console standard_console();

/// Writes "warning: LINE".
void warn(const Console& console, std::string_view line);

}  // namespace w2s::cli
