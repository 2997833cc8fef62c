#include <unistd.h>

#include <cstdlib>

#include "cli/print/console.h"
#include "cli/program.h"
#include "w2s/base.h"

namespace {

// llama.cpp's threads wait for each other after every operation, and GNU's OpenMP lets them spin for milliseconds
// before they sleep: where another process has taken a core, everything then waits for the one thread that cannot run.
// OpenMP reads its environment before main, so the program starts anew with a shorter wait, unless somebody has chosen
// one.
void limit_spinning(char** argv) {
  if (std::getenv("GOMP_SPINCOUNT") != nullptr || std::getenv("OMP_WAIT_POLICY") != nullptr) return;
  if (::setenv("GOMP_SPINCOUNT", "1000", 1) == 0) ::execv("/proc/self/exe", argv);  // where it cannot, they spin
}

}  // namespace

int main(int argc, char** argv) {
  limit_spinning(argv);
  const int code = w2s::cli::run_program(w2s::cli::Arguments(argv + 1, argv + argc), w2s::cli::standard_console());
  return w2s::leave_cluster(code);
}
