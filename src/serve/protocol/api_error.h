// What a request is answered with where it cannot be answered: an HTTP status and OpenAI's error object.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <utility>

#include "w2s/base.h"

namespace w2s::serve {

/// OpenAI's clients choose the class of their exception by `status`.
class ApiError : public std::runtime_error {
 public:
  struct Details {
    int status = 500;
    std::string type;   ///< "invalid_request_error", "authentication_error", "rate_limit_error" or "server_error"
    std::string param;  ///< the field that is wrong, for instance "messages[2].content"; empty: none
    std::string code;   ///< what a program can act on, for instance "model_not_found"; empty: none
  };

  ApiError(const std::string& message, Details details) : std::runtime_error(message), details_(std::move(details)) {}

  [[nodiscard]] int status() const noexcept { return details_.status; }
  [[nodiscard]] const std::string& type() const noexcept { return details_.type; }
  [[nodiscard]] const std::string& param() const noexcept { return details_.param; }
  [[nodiscard]] const std::string& code() const noexcept { return details_.code; }

 private:
  Details details_;
};

/// {"error": {"message", "type", "param", "code"}}; also what a stream sends as its last event when it fails.
[[nodiscard]] std::string to_json(const ApiError& error);

/// 400.
[[nodiscard]] ApiError invalid_request(const std::string& message, const std::string& param = {},
                                       const std::string& code = {});
/// 400, for a field or value of the API that this server does not have.
[[nodiscard]] ApiError unsupported(const std::string& message, const std::string& param);
/// 401. Says nothing of the key that was sent.
[[nodiscard]] ApiError invalid_api_key();
/// 404.
[[nodiscard]] ApiError not_found(const std::string& message, const std::string& param, const std::string& code);
/// 404.
[[nodiscard]] ApiError unknown_model(const std::string& model);
/// 404.
[[nodiscard]] ApiError unknown_path(const std::string& path);
/// 405.
[[nodiscard]] ApiError method_not_allowed(const std::string& method, const std::string& path);
/// 408.
[[nodiscard]] ApiError request_timed_out(const std::string& message);
/// 413.
[[nodiscard]] ApiError body_too_large(std::size_t limit_bytes);
/// 429. The Retry-After header is the server's to add.
[[nodiscard]] ApiError overloaded(const std::string& message);
/// 500.
[[nodiscard]] ApiError internal_error(const std::string& message);
/// 503: shutting down, or not yet ready.
[[nodiscard]] ApiError unavailable(const std::string& message);

/// What an error of the library means to a client: 400 where the request is wrong (usage, data, vectors, and model,
/// which is a chat template that refuses the messages), 503 where the server stops or another one cannot be reached,
/// otherwise 500. Files and addresses of the server are not told: 500 and 503 have a text of their own except for the
/// engine's errors.
[[nodiscard]] ApiError to_api_error(const Error& error, const std::string& param = {});

}  // namespace w2s::serve
