#include "cli/console.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  return w2s::cli::run_program(w2s::cli::Arguments(argv + 1, argv + argc), w2s::cli::standard_console());
}
