#include "engine/backend.h"

#include <llama.h>

#include <mutex>

namespace w2s::engine {
namespace {

thread_local LoggedErrors* listening = nullptr;

}  // namespace

void record_log_message(int level, const char* text) {
  if (listening != nullptr && level == GGML_LOG_LEVEL_ERROR) listening->text_ += text;
}

void initialize_backend() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set([](ggml_log_level level, const char* text, void*) { record_log_message(level, text); }, nullptr);
    llama_backend_init();
  });
}

LoggedErrors::LoggedErrors() : outer_(listening) { listening = this; }

LoggedErrors::~LoggedErrors() { listening = outer_; }

std::string LoggedErrors::first_or(const std::string& fallback) const {
  const auto line = text_.substr(0, text_.find('\n'));
  return line.empty() ? fallback : line;
}

}  // namespace w2s::engine
