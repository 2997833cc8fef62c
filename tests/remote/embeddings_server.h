// An embeddings server of a test's own that misbehaves as it is told.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <future>
#include <mutex>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "remote/local_server.h"

namespace w2s::test {

/// Answers the next request instead of the server.
using Misbehavior = std::function<void(const nlohmann::json& request, httplib::Response&)>;

/// What the server embeds a text as: width 3, exact in F32.
[[nodiscard]] std::vector<float> embedding_of(const std::string& text);

[[nodiscard]] nlohmann::json good_answer(const nlohmann::json& request);

[[nodiscard]] Misbehavior answers(int status, const std::string& body);

class EmbeddingsServer {
 public:
  EmbeddingsServer();
  ~EmbeddingsServer() { release_.set_value(); }
  EmbeddingsServer(const EmbeddingsServer&) = delete;
  EmbeddingsServer& operator=(const EmbeddingsServer&) = delete;

  [[nodiscard]] std::string base_url() const { return server_.base_url(); }

  void next(const Misbehavior& misbehavior, std::size_t times = 1);
  /// Gives no answer while the server lives.
  void next_hangs(const std::function<void()>& on_request = {});

  /// The texts of each request.
  [[nodiscard]] std::vector<std::vector<std::string>> requests();
  /// Each request's Authorization header.
  [[nodiscard]] std::vector<std::string> authorizations();

 private:
  void answer(const httplib::Request& request, httplib::Response& response);

  std::mutex mutex_;
  std::deque<Misbehavior> misbehaviors_;
  std::vector<std::vector<std::string>> requests_;
  std::vector<std::string> authorizations_;
  std::promise<void> release_;
  std::shared_future<void> released_;
  LocalServer server_;  // the last: what it answers with is there as long as it is
};

}  // namespace w2s::test
