// An HTTP server of a test's own, on this machine.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace w2s::test {

/// Listens from when it is made until it is destroyed, on a port of its own.
class LocalServer {
 public:
  using Answer = std::function<void(const httplib::Request& request, httplib::Response& response)>;

  /// `answer` is called for each POST to `path`, from the server's threads.
  LocalServer(const std::string& path, Answer answer);
  ~LocalServer();
  LocalServer(const LocalServer&) = delete;
  LocalServer& operator=(const LocalServer&) = delete;

  /// As clients of OpenAI's API take it: "http://127.0.0.1:1234/v1".
  [[nodiscard]] std::string base_url() const;

 private:
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  std::thread thread_;
};

}  // namespace w2s::test
