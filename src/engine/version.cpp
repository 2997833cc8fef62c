#include "w2s/model.h"

#include <fmt/format.h>
#include <llama.h>

#include <fstream>
#include <thread>

namespace w2s {

std::string_view version() { return W2S_VERSION; }

std::string_view llama_version() { return ::llama_version(); }

std::string machine_description() {
  std::ifstream cpu_info("/proc/cpuinfo");
  std::string model = "unknown processor";
  for (std::string line; std::getline(cpu_info, line);) {
    const auto colon = line.find(": ");
    if (!line.starts_with("model name") || colon == std::string::npos) continue;
    model = line.substr(colon + 2);
    break;
  }
  return fmt::format("{}, {} cores", model, std::thread::hardware_concurrency());
}

}  // namespace w2s
