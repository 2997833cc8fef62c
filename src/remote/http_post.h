// One HTTP request through libcurl.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

namespace w2s::remote {

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;  ///< from the header of that name, seconds or a date
};

/// No answer came: no connection, a timeout, or a connection that broke.
struct HttpFailure {
  std::string reason;
  bool may_pass = true;  ///< false for what another try cannot change: a malformed URL, a certificate that is refused
};

struct HttpResult {
  std::optional<HttpAnswer> answer;
  HttpFailure failure;  ///< where there is no answer
};

struct HttpTimeouts {
  std::chrono::milliseconds connect{};
  std::chrono::milliseconds whole{};
};

/// Posts JSON to one address, keeping the connection between requests.
class HttpPost {
 public:
  /// `bearer_token` may be empty: no Authorization header is sent then. Throws Error{network} if libcurl cannot start.
  HttpPost(const std::string& url, const std::string& bearer_token, const HttpTimeouts& timeouts);
  ~HttpPost();
  HttpPost(const HttpPost&) = delete;
  HttpPost& operator=(const HttpPost&) = delete;

  /// Redirects are answers, not followed: the token belongs to one server. Throws Error{interrupted} within about a
  /// second of a requested stop.
  [[nodiscard]] HttpResult send(const std::string& json, const std::stop_token& stop);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s::remote
