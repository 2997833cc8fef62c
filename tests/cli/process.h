// Runs the built program as a user's shell does.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace w2s::test {

struct ProcessResult {
  int exit_code = -1;  ///< -1 when a signal ended it
  int signal = 0;
  std::string out;
  std::string err;
};

struct ProcessOptions {
  std::optional<std::uint64_t> file_size_limit = {};  ///< bytes; writing more fails as on a full disk
  std::string standard_output = {};                   ///< a device or file to write to instead of capturing it
  std::string interrupt_at = {};                      ///< sends SIGINT once standard error says this
  std::vector<std::string> launcher = {};             ///< what starts it: "mpirun", "-n", "2"
  std::function<bool(int process)> meanwhile = {};  ///< called again and again with the process's id until it says true
};

/// The program's path.
[[nodiscard]] std::string w2s_program();

/// `w2s ARGUMENTS...`. Its output goes through files in `folder`.
[[nodiscard]] ProcessResult run_w2s(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                                    const ProcessOptions& options = {});

}  // namespace w2s::test
