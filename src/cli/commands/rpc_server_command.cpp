#include <fmt/format.h>

#include <string>

#include "cli/commands/commands.h"
#include "cli/options/command_line.h"
#include "w2s/model.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct RpcServerOptions {
  std::string host = "127.0.0.1";
  int port = 50052;
  int threads = 0;

  void add_to(CommandLine& line) {
    line.add("Server", {option("--host", host, any_text("ADDRESS"),
                               "Address to listen at; there is no protection, so only one of a trusted network"),
                        option("--port", port, whole_number(1, 65535), "Port to listen at")});
    line.add({threads_option(threads)});
  }
};

}  // namespace

void rpc_server_command(const Arguments& arguments, const Console& console) {
  RpcServerOptions options;
  CommandLine line("rpc-server",
                   "Lends this machine's GPUs, or its CPU if it has none, to a w2s on another machine, which is given "
                   "--rpc HOST:PORT: together they hold a model that is too large for one. Serves one client after "
                   "the other until it is killed; it is llama.cpp's RPC server, without any protection.",
                   "w2s rpc-server --host 10.0.0.7");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;
  serve_rpc(fmt::format("{}:{}", options.host, options.port), options.threads);
}

}  // namespace w2s::cli
