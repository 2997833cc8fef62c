// A judge of a test's own, on this machine, that misbehaves as it is told.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace w2s::test {

struct JudgeAnswer {
  int status = 200;
  std::string body;
};

[[nodiscard]] inline JudgeAnswer judge_answers(int status, const std::string& body) {
  return {.status = status, .body = body};
}

/// A well-formed completion with this text.
[[nodiscard]] inline JudgeAnswer says(const std::string& text) {
  const nlohmann::json message = {{"role", "assistant"}, {"content", text}};
  const nlohmann::json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
  return {.body = nlohmann::json{{"object", "chat.completion"}, {"choices", nlohmann::json::array({choice})}}.dump()};
}

/// Answers with what `next` was given, in that order, and with "5" when there is nothing left.
class JudgeServer {
 public:
  JudgeServer() {
    server_.Post("/v1/chat/completions",
                 [this](const httplib::Request& request, httplib::Response& response) { answer(request, response); });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() does nothing before
  }
  ~JudgeServer() {
    server_.stop();
    thread_.join();
  }
  JudgeServer(const JudgeServer&) = delete;
  JudgeServer& operator=(const JudgeServer&) = delete;

  [[nodiscard]] std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

  void next(const JudgeAnswer& answer, std::size_t times = 1) {
    const std::lock_guard lock(mutex_);
    answers_.insert(answers_.end(), times, answer);
  }
  [[nodiscard]] std::vector<nlohmann::json> requests() {
    const std::lock_guard lock(mutex_);
    return requests_;
  }
  /// Each request's Authorization header.
  [[nodiscard]] std::vector<std::string> authorizations() {
    const std::lock_guard lock(mutex_);
    return authorizations_;
  }

 private:
  void answer(const httplib::Request& request, httplib::Response& response) {
    const std::lock_guard lock(mutex_);
    requests_.push_back(nlohmann::json::parse(request.body));
    authorizations_.push_back(request.get_header_value("Authorization"));
    JudgeAnswer next = says("5");
    if (!answers_.empty()) {
      next = answers_.front();
      answers_.pop_front();
    }
    response.status = next.status;
    response.set_content(next.body, "application/json");
  }

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::deque<JudgeAnswer> answers_;
  std::vector<nlohmann::json> requests_;
  std::vector<std::string> authorizations_;
};

}  // namespace w2s::test
