// The subcommands of w2s, one file each.
#pragma once

#include <span>
#include <string_view>

#include "cli/options/command_line.h"
#include "cli/print/console.h"

namespace w2s::cli {

/// Each parses its arguments, does its work and prints the results. They throw Error.
void run_command(const Arguments& arguments, const Console& console);
void vectors_command(const Arguments& arguments, const Console& console);
void sweep_command(const Arguments& arguments, const Console& console);
void fit_command(const Arguments& arguments, const Console& console);
void eval_command(const Arguments& arguments, const Console& console);
void encoders_command(const Arguments& arguments, const Console& console);
void experiment_command(const Arguments& arguments, const Console& console);
void generate_command(const Arguments& arguments, const Console& console);
void chat_command(const Arguments& arguments, const Console& console);
void serve_command(const Arguments& arguments, const Console& console);
void report_command(const Arguments& arguments, const Console& console);
void inspect_command(const Arguments& arguments, const Console& console);
void rpc_server_command(const Arguments& arguments, const Console& console);
void export_command(const Arguments& arguments, const Console& console);
void import_command(const Arguments& arguments, const Console& console);
void convert_command(const Arguments& arguments, const Console& console);
void example1_command(const Arguments& arguments, const Console& console);

struct Command {
  std::string_view name;
  std::string_view summary;
  void (*execute)(const Arguments&, const Console&);
};

/// All of them, in the order in which a user meets them.
[[nodiscard]] std::span<const Command> commands();

}  // namespace w2s::cli
