// llama.cpp's RPC backend: layers of a model on other machines.
#pragma once

#include <span>
#include <string>

namespace w2s {

/// Adds the devices of RPC servers ("HOST:PORT", llama.cpp's or `w2s rpc-server`) to those that models are loaded onto
/// from then on, each server once. Throws Error{usage} for what is not HOST:PORT, Error{network} for a server that
/// does not answer, or if w2s was built without. A server that is lost later ends the process: llama.cpp cannot go on.
void add_rpc_servers(std::span<const std::string> servers);

/// Serves this machine's devices (its GPUs, without one its CPU) at "HOST:PORT", to one client after the other, until
/// the process is killed. There is no protection: whoever reaches the port can use the machine. Returns only by
/// throwing: Error{network} if the port cannot be listened at.
[[noreturn]] void serve_rpc(const std::string& endpoint, int threads);

}  // namespace w2s
