#include "remote/judge_server.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

namespace w2s::test {

JudgeAnswer judge_answers(int status, const std::string& body) { return {.status = status, .body = body}; }

JudgeAnswer says(const std::string& text) {
  const nlohmann::json message = {{"role", "assistant"}, {"content", text}};
  const nlohmann::json choice = {{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
  return {.body = nlohmann::json{{"object", "chat.completion"}, {"choices", nlohmann::json::array({choice})}}.dump()};
}

JudgeServer::JudgeServer()
    : server_("/v1/chat/completions", [this](const auto& request, auto& response) { answer(request, response); }) {}

void JudgeServer::next(const JudgeAnswer& answer, std::size_t times) {
  const std::lock_guard lock(mutex_);
  answers_.insert(answers_.end(), times, answer);
}

std::vector<nlohmann::json> JudgeServer::requests() {
  const std::lock_guard lock(mutex_);
  std::vector<nlohmann::json> requests;
  for (const auto& body : bodies_) requests.push_back(nlohmann::json::parse(body));
  return requests;
}

std::vector<std::string> JudgeServer::authorizations() {
  const std::lock_guard lock(mutex_);
  return authorizations_;
}

void JudgeServer::answer(const httplib::Request& request, httplib::Response& response) {
  const std::lock_guard lock(mutex_);
  bodies_.push_back(request.body);
  authorizations_.push_back(request.get_header_value("Authorization"));
  JudgeAnswer next = says("5");
  if (!answers_.empty()) {
    next = answers_.front();
    answers_.pop_front();
  }
  response.status = next.status;
  response.set_content(next.body, "application/json");
}

}  // namespace w2s::test
