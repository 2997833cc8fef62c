#include "base/machine.h"

#include <unistd.h>

#include <fstream>
#include <string>
#include <system_error>

namespace w2s {

namespace fs = std::filesystem;

std::optional<std::uint64_t> available_memory() {
  std::ifstream meminfo("/proc/meminfo");
  std::string name;
  std::uint64_t kibibytes = 0;
  std::string unit;
  while (meminfo >> name >> kibibytes && std::getline(meminfo, unit))
    if (name == "MemAvailable:") return kibibytes << 10U;
#ifdef _SC_AVPHYS_PAGES
  const auto pages = sysconf(_SC_AVPHYS_PAGES);
  const auto page_size = sysconf(_SC_PAGESIZE);
  if (pages > 0 && page_size > 0) return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_size);
#endif
  return std::nullopt;
}

std::optional<std::uint64_t> free_disk(const fs::path& path) {
  std::error_code failure;
  auto existing = fs::absolute(path, failure);
  while (!failure && !fs::exists(existing, failure) && existing.has_relative_path()) existing = existing.parent_path();
  const auto space = fs::space(existing, failure);
  return failure ? std::nullopt : std::optional<std::uint64_t>(space.available);
}

}  // namespace w2s
