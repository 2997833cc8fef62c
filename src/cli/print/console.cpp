#include "cli/print/console.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>

#include "w2s/base.h"

namespace w2s::cli {
namespace {

// Returns errno of the write that failed, or 0. Unbuffered, so that a full disk is noticed where it happens.
int write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return 0;
}

void write_result(std::string_view text) {
  const int error = write_all(STDOUT_FILENO, text);
  if (error == EPIPE) throw OutputClosed();
  if (error != 0) throw Error(ErrorKind::io, fmt::format("cannot write to standard output: {}", std::strerror(error)));
}

std::size_t terminal_columns(int descriptor) {
  winsize size{};
  if (::ioctl(descriptor, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace

Console standard_console() {
  // A full disk under a file size limit and a closed pipe shall be errors of write().
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  return {.out = write_result,
          .err = [](std::string_view text) { write_all(STDERR_FILENO, text); },
          .err_is_terminal = ::isatty(STDERR_FILENO) == 1,
          .err_columns = terminal_columns(STDERR_FILENO)};
}

void warn(const Console& console, std::string_view line) { console.err(fmt::format("warning: {}\n", line)); }

}  // namespace w2s::cli
