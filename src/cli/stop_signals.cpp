#include "cli/stop_signals.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <functional>
#include <string_view>

#include "w2s/base.h"

namespace w2s::cli {
namespace {

constexpr char stop_byte = 's';
constexpr char end_byte = 'e';

// A signal handler has no other way to know where to write.
std::atomic<int> signal_pipe = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler may not lock");

void write_byte(int descriptor, char byte) {
  while (::write(descriptor, &byte, 1) < 0 && errno == EINTR) {
  }
}

// Only async-signal-safe calls: std::stop_source is none, so the watcher requests the stop.
extern "C" void on_stop_signal(int /*signal*/) {
  const int saved_errno = errno;
  write_byte(signal_pipe.load(), stop_byte);
  errno = saved_errno;
}

void watch(int pipe, bool quiet, const std::stop_source& source) {
  constexpr std::string_view notice = "\nstopping when the unit in hand is finished (once more to stop at once)\n";
  char byte = 0;
  while (::read(pipe, &byte, 1) != 1 || byte != end_byte) {
    if (byte != stop_byte || source.stop_requested()) continue;
    source.request_stop();
    if (!quiet && ::write(STDERR_FILENO, notice.data(), notice.size()) < 0) continue;  // nobody listens
  }
}

}  // namespace

StopSignals::StopSignals(bool quiet) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw Error(ErrorKind::engine, "cannot open a pipe for signals");
  read_end_ = ends[0];
  write_end_ = ends[1];
  signal_pipe = write_end_;
  watcher_ = std::jthread(watch, read_end_, quiet, std::ref(source_));

  struct sigaction action = {};
  action.sa_handler = on_stop_signal;
  // Reset after the first: the second one of its kind kills.
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  ::sigaction(SIGINT, &action, &interrupt_before_);
  ::sigaction(SIGTERM, &action, &terminate_before_);
}

StopSignals::~StopSignals() {
  ::sigaction(SIGINT, &interrupt_before_, nullptr);
  ::sigaction(SIGTERM, &terminate_before_, nullptr);
  signal_pipe = -1;
  write_byte(write_end_, end_byte);
  watcher_.join();
  ::close(read_end_);
  ::close(write_end_);
}

}  // namespace w2s::cli
