#include "cli/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <new>
#include <string>

#include "cli/commands/commands.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s::cli {
namespace {

constexpr std::array all_commands = {
    Command{"run", "the whole job: vectors, sweep, layer predictor and evaluation", run_command},
    Command{"vectors", "steering vectors for all layers of a model", vectors_command},
    Command{"sweep", "how well each layer steers each sample", sweep_command},
    Command{"fit", "the layer predictor, from a sweep that is there", fit_command},
    Command{"eval", "the predictor against the best fixed layer", eval_command},
    Command{"encoders", "what predictors do that see prompts through one model or another", encoders_command},
    Command{"experiment", "the paper's experiments: models, seeds, and all tables", experiment_command},
    Command{"generate", "steered text, at the layer that suits the prompt", generate_command},
    Command{"chat", "the same as a conversation", chat_command},
    Command{"serve", "the same for OpenAI's clients, over HTTP", serve_command},
    Command{"report", "a results folder as one page with pictures; the paper's figures", report_command},
    Command{"inspect", "what a file or results folder contains, and what fits together", inspect_command},
    Command{"export", "steering vectors for llama.cpp, repeng, NumPy, or as a table", export_command},
    Command{"import", "steering vectors of llama.cpp, repeng, NumPy, or from a table", import_command},
    Command{"convert", "a model with F32 weights, which measure best", convert_command},
    Command{"rpc-server", "lends this machine to a model that is too large for one", rpc_server_command},
    Command{"example1", "the paper's proof that optimal layers differ between inputs, with numbers", example1_command},
};

std::string overview() {
  std::string text =
      "w2s finds, for each input, the layer at which a language model is best steered.\n\n"
      "Usage: w2s COMMAND [OPTIONS]\n\nCommands:\n";
  for (const auto& command : all_commands) text += fmt::format("  {:<12}{}\n", command.name, command.summary);
  text +=
      "\nOptions:\n"
      "  -h, --help     Show this help; 'w2s COMMAND --help' shows that of a command\n"
      "  -V, --version  Show the versions of w2s and llama.cpp\n"
      "\nExample:\n"
      "  w2s run -m model.gguf --data builtin:all -o results\n";
  return text;
}

std::string versions() { return fmt::format("w2s {}\nllama.cpp {}\n", w2s::version(), llama_version()); }

const Command& find_command(const std::string& name) {
  const auto command = std::ranges::find(all_commands, name, &Command::name);
  if (command != all_commands.end()) return *command;
  throw Error(ErrorKind::usage, fmt::format("'{}' is no command of w2s ('w2s --help' lists them)", name));
}

void execute(const Arguments& arguments, const Console& console) {
  if (arguments.empty()) throw Error(ErrorKind::usage, "which command? 'w2s --help' lists them");
  const auto& first = arguments.front();
  const bool asks_help = first == "-h" || first == "--help" || first == "help";
  if (first == "-V" || first == "--version") {
    console.out(versions());
  } else if (asks_help && arguments.size() == 1) {
    console.out(overview());
  } else if (asks_help) {
    find_command(arguments[1]).execute({"--help"}, console);
  } else {
    find_command(first).execute({arguments.begin() + 1, arguments.end()}, console);
  }
}

// One line, whatever a library put into its message.
void print_error(const Console& console, std::string message) {
  std::ranges::replace(message, '\n', ' ');
  console.err(fmt::format("error: {}\n", message));
}

}  // namespace

std::span<const Command> commands() { return all_commands; }

int run_program(const Arguments& arguments, const Console& console) noexcept {
  try {
    execute(arguments, console);
    return 0;
  } catch (const OutputClosed&) {
    return 0;
  } catch (const Error& error) {
    print_error(console, error.what());
    return exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    console.err("error: out of memory\n");
  } catch (const std::exception& error) {
    print_error(console, error.what());
  }
  return 1;
}

}  // namespace w2s::cli
