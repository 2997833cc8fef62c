// What there is to say of a request once it is over.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "serve/event_channel.h"
#include "w2s/generation.h"

namespace w2s::serve {

/// Of a completion, as far as it came.
struct CompletionRecord {
  std::size_t prompt_tokens = 0;  ///< of all prompts
  std::size_t cached_tokens = 0;  ///< of these, taken from earlier prompts
  std::size_t completion_tokens = 0;
  std::vector<AppliedSteering> steering = {};  ///< of the first choice
  std::vector<std::string> prompts = {};       ///< both only where they may be logged
  std::vector<std::string> answers = {};
};

struct RequestRecord {
  std::string id;
  std::string method;
  std::string path;
  std::string remote;  ///< the client's address
  Clock::time_point began = Clock::now();
  int status = 0;
  std::string error = {};  ///< the code of what it failed with, or its type
  bool is_completion = false;
  CompletionRecord completion = {};

  [[nodiscard]] double seconds() const { return std::chrono::duration<double>(Clock::now() - began).count(); }
};

/// "req-" and 64 random bits in hex.
[[nodiscard]] std::string make_request_id();

/// A line for the log, without its end.
[[nodiscard]] std::string to_json_line(const RequestRecord& record, std::chrono::system_clock::time_point now);

}  // namespace w2s::serve
