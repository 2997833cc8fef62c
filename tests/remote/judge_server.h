// A judge of a test's own that misbehaves as it is told.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "remote/local_server.h"

namespace w2s::test {

struct JudgeAnswer {
  int status = 200;
  std::string body;
};

[[nodiscard]] JudgeAnswer judge_answers(int status, const std::string& body);

/// A well-formed completion with this text.
[[nodiscard]] JudgeAnswer says(const std::string& text);

/// Answers with what `next` was given, in that order, and with "5" when there is nothing left.
class JudgeServer {
 public:
  JudgeServer();

  [[nodiscard]] std::string base_url() const { return server_.base_url(); }

  void next(const JudgeAnswer& answer, std::size_t times = 1);
  [[nodiscard]] std::vector<nlohmann::json> requests();
  /// Each request's Authorization header.
  [[nodiscard]] std::vector<std::string> authorizations();

 private:
  void answer(const httplib::Request& request, httplib::Response& response);

  std::mutex mutex_;
  std::deque<JudgeAnswer> answers_;
  std::vector<std::string> bodies_;
  std::vector<std::string> authorizations_;
  LocalServer server_;  // the last: what it answers with is there as long as it is
};

}  // namespace w2s::test
