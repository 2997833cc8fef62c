// The one error type of w2s: what went wrong, as a kind a program can act on and a line a person can.
#pragma once

#include <stdexcept>
#include <string>

namespace w2s {

enum class ErrorKind {
  usage,        ///< an option or argument is out of range or contradicts another
  data,         ///< a data set is malformed or cannot be used; the message names file and line
  model,        ///< a model file is missing, truncated, or holds a model that cannot be steered
  vectors,      ///< a steering-vector file is malformed or belongs to another model
  predictor,    ///< a layer predictor cannot be fitted or read, or belongs to another model
  results,      ///< a results folder is incomplete or was made with other settings
  io,           ///< a file cannot be read or written (permissions, full disk)
  interrupted,  ///< the caller asked for a stop; what was finished until then is kept
  engine,       ///< the engine failed while decoding (out of memory, for instance)
  network,      ///< a server cannot be reached, refuses the request, or its answer cannot be used
};

/// Thrown by every function of the library that meets bad input or cannot do its work. `what()` is one line that
/// names the file, line, layer or field that is wrong and says what to do.
class Error : public std::runtime_error {
 public:
  Error(ErrorKind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}

  [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }

 private:
  ErrorKind kind_;
};

/// The exit code of a program that ends with this error: 2 for wrong usage or input, 1 for a failure.
[[nodiscard]] constexpr int exit_code(ErrorKind kind) noexcept {
  return kind == ErrorKind::interrupted || kind == ErrorKind::engine || kind == ErrorKind::network ? 1 : 2;
}

}  // namespace w2s
