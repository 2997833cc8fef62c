// An embeddings server of a test's own, on this machine, that misbehaves as it is told.
#pragma once

#include <httplib.h>

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

namespace w2s::test {

/// Answers the next request instead of the server.
using Misbehavior = std::function<void(const nlohmann::json& request, httplib::Response&)>;

/// What the server embeds a text as: width 3, exact in F32.
[[nodiscard]] inline std::vector<float> embedding_of(const std::string& text) {
  const auto byte = [&](std::size_t i) { return i < text.size() ? static_cast<float>(text[i]) : 0.5F; };
  return {static_cast<float>(text.size()), byte(0), byte(1)};
}

[[nodiscard]] inline nlohmann::json good_answer(const nlohmann::json& request) {
  nlohmann::json data = nlohmann::json::array();
  std::size_t index = 0;
  for (const auto& text : request.at("input"))
    data.push_back({{"object", "embedding"}, {"index", index++}, {"embedding", embedding_of(text)}});
  return {{"object", "list"}, {"data", data}, {"model", request.at("model")}};
}

[[nodiscard]] inline Misbehavior answers(int status, const std::string& body) {
  return [=](const nlohmann::json&, httplib::Response& response) {
    response.status = status;
    response.set_content(body, "application/json");
  };
}

class EmbeddingsServer {
 public:
  EmbeddingsServer() : released_(release_.get_future().share()) {
    server_.Post("/v1/embeddings",
                 [this](const httplib::Request& request, httplib::Response& response) { answer(request, response); });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    while (!server_.is_running()) std::this_thread::yield();  // stop() does nothing before
  }
  ~EmbeddingsServer() {
    release_.set_value();
    server_.stop();
    thread_.join();
  }
  EmbeddingsServer(const EmbeddingsServer&) = delete;
  EmbeddingsServer& operator=(const EmbeddingsServer&) = delete;

  [[nodiscard]] std::string base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

  void next(const Misbehavior& misbehavior, std::size_t times = 1) {
    const std::lock_guard lock(mutex_);
    misbehaviors_.insert(misbehaviors_.end(), times, misbehavior);
  }
  /// Gives no answer while the server lives.
  void next_hangs(const std::function<void()>& on_request = {}) {
    next([this, on_request](const nlohmann::json&, httplib::Response&) {
      if (on_request) on_request();
      released_.wait();
    });
  }

  /// The texts of each request.
  [[nodiscard]] std::vector<std::vector<std::string>> requests() {
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

  httplib::Server server_;
  int port_ = 0;
  std::thread thread_;
  std::mutex mutex_;
  std::deque<Misbehavior> misbehaviors_;
  std::vector<std::vector<std::string>> requests_;
  std::vector<std::string> authorizations_;
  std::promise<void> release_;
  std::shared_future<void> released_;
};

}  // namespace w2s::test
