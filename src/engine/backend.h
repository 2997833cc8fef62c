// llama.cpp's process-wide state: started once, and quiet.
#pragma once

#include <string>

namespace w2s::engine {

/// Starts llama.cpp's backends on the first call and takes its log messages, which it would print to stderr.
void initialize_backend();

/// llama.cpp reports why a load failed only in its log: the errors it logged on this thread while an instance lives.
class LoggedErrors {
 public:
  LoggedErrors();
  ~LoggedErrors();
  LoggedErrors(const LoggedErrors&) = delete;
  LoggedErrors& operator=(const LoggedErrors&) = delete;

  /// The first error logged, as one line; `fallback` if there was none.
  [[nodiscard]] std::string first_or(const std::string& fallback) const;

 private:
  std::string text_;
  LoggedErrors* outer_;
  friend void record_log_message(int level, const char* text);
};

}  // namespace w2s::engine
