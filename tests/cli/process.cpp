#include "cli/process.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <thread>

#include "w2s/base.h"

namespace w2s::test {
namespace {

[[noreturn]] void become_w2s(const std::vector<std::string>& arguments, const std::string& out, const std::string& err,
                             const ProcessOptions& options) {
  const int out_descriptor = ::open(out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  const int err_descriptor = ::open(err.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (out_descriptor < 0 || err_descriptor < 0) ::_exit(126);
  ::dup2(out_descriptor, STDOUT_FILENO);
  ::dup2(err_descriptor, STDERR_FILENO);
  if (options.file_size_limit) {
    const rlimit limit{*options.file_size_limit, *options.file_size_limit};
    ::setrlimit(RLIMIT_FSIZE, &limit);
  }
  auto words = options.launcher;
  words.push_back(w2s_program());
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> pointers;
  for (auto& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  ::execvp(pointers.front(), pointers.data());
  ::_exit(127);
}

int wait_for(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

int wait_for(pid_t child, const std::function<bool(int process)>& meanwhile) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) == 0) {
    if (meanwhile(child)) return wait_for(child);
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return status;
}

std::function<bool(int process)> interrupt_at(const std::string& text, const std::filesystem::path& err) {
  return [=](int process) {
    if (!std::filesystem::exists(err) || read_file(err).find(text) == std::string::npos) return false;
    ::kill(process, SIGINT);
    return true;
  };
}

}  // namespace

std::string w2s_program() { return W2S_PROGRAM; }

ProcessResult run_w2s(const std::filesystem::path& folder, const std::vector<std::string>& arguments,
                      const ProcessOptions& options) {
  const std::string captured_out = (folder / "standard-output").string();
  const std::string err = (folder / "standard-error").string();
  const std::string& out = options.standard_output.empty() ? captured_out : options.standard_output;
  std::filesystem::remove(err);  // of an earlier run, which may say already what `interrupt_at` waits for
  const pid_t child = ::fork();
  if (child < 0) throw std::runtime_error("cannot fork");
  if (child == 0) become_w2s(arguments, out, err, options);

  auto meanwhile = options.meanwhile;
  if (!options.interrupt_at.empty()) meanwhile = interrupt_at(options.interrupt_at, err);
  const int status = meanwhile ? wait_for(child, meanwhile) : wait_for(child);
  ProcessResult result;
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  if (options.standard_output.empty()) result.out = read_file(captured_out);
  result.err = read_file(err);
  return result;
}

}  // namespace w2s::test
