#include <fmt/format.h>

#include <string>

#include "cli/commands.h"
#include "cli/options.h"
#include "w2s/rpc.h"

namespace w2s::cli {
namespace {

struct RpcServerOptions {
  std::string host = "127.0.0.1";
  int port = 50052;
  GeneralOptions general;

  void add_to(CommandLine& line) {
    line.add_option("--host", host, "Address to listen at; there is no protection, so only one of a trusted network")
        ->type_name("ADDRESS")
        ->group("Server");
    line.add_option("--port", port, "Port to listen at")->check(CLI::Range(1, 65535))->type_name("N")->group("Server");
    general.add_threads_to(line);
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
  serve_rpc(fmt::format("{}:{}", options.host, options.port), options.general.threads);
}

}  // namespace w2s::cli
