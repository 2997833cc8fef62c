// Runs JavaScript that computes and does nothing else: there are no files, no network, no page and no timers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace w2s::report {

/// What a script may use before it is stopped. The same script with the same input is stopped at the same place on
/// every machine: steps are counted, not seconds.
struct ScriptLimits {
  std::size_t memory_bytes = std::size_t{1} << 30U;
  std::size_t stack_bytes = std::size_t{256} << 10U;
  /// Of ten thousand branches and calls each, for each call of evaluate() and call().
  std::uint64_t steps = 1'000'000;
};

/// One thread at a time. Its functions throw Error{engine} with the script's name, the exception's message and the
/// place where it was thrown, and where a limit is met.
class ScriptEngine {
 public:
  explicit ScriptEngine(const ScriptLimits& limits = {});
  ~ScriptEngine();
  ScriptEngine(const ScriptEngine&) = delete;
  ScriptEngine& operator=(const ScriptEngine&) = delete;

  /// Runs a classic script; what it defines stays. `name` is for messages.
  void evaluate(const std::string& script, const std::string& name);

  /// Calls a global function with a text; what it returns must be a text. Both are UTF-8.
  [[nodiscard]] std::string call(const std::string& function, std::string_view argument);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s::report
