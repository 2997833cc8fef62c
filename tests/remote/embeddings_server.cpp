#include "remote/embeddings_server.h"

#include <httplib.h>

#include <nlohmann/json.hpp>

namespace w2s::test {

std::vector<float> embedding_of(const std::string& text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<float>(text[i]) : 0.5F; };
  return {static_cast<float>(text.size()), byte(0), byte(1)};
}

nlohmann::json good_answer(const nlohmann::json& request) {
  nlohmann::json data = nlohmann::json::array();
  std::size_t index = 0;
  for (const auto& text : request.at("input"))
    data.push_back({{"object", "embedding"}, {"index", index++}, {"embedding", embedding_of(text)}});
  return {{"object", "list"}, {"data", data}, {"model", request.at("model")}};
}

Misbehavior answers(int status, const std::string& body) {
  return [=](const nlohmann::json&, httplib::Response& response) {
    response.status = status;
    response.set_content(body, "application/json");
  };
}

EmbeddingsServer::EmbeddingsServer()
    : released_(release_.get_future().share()),
      server_("/v1/embeddings", [this](const auto& request, auto& response) { answer(request, response); }) {}

void EmbeddingsServer::next(const Misbehavior& misbehavior, std::size_t times) {
  const std::lock_guard lock(mutex_);
  misbehaviors_.insert(misbehaviors_.end(), times, misbehavior);
}

void EmbeddingsServer::next_hangs(const std::function<void()>& on_request) {
  next([this, on_request](const nlohmann::json&, httplib::Response&) {
    if (on_request) on_request();
    released_.wait();
  });
}

std::vector<std::vector<std::string>> EmbeddingsServer::requests() {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::vector<std::string> EmbeddingsServer::authorizations() {
  const std::lock_guard lock(mutex_);
  return authorizations_;
}

void EmbeddingsServer::answer(const httplib::Request& request, httplib::Response& response) {
  const auto body = nlohmann::json::parse(request.body);
  Misbehavior misbehavior;
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(body.at("input").get<std::vector<std::string>>());
    authorizations_.push_back(request.get_header_value("Authorization"));
    if (!misbehaviors_.empty()) {
      misbehavior = misbehaviors_.front();
      misbehaviors_.pop_front();
    }
  }
  if (misbehavior) return misbehavior(body, response);
  response.set_content(good_answer(body).dump(), "application/json");
}

}  // namespace w2s::test
