#include "serve/protocol/api_error.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace w2s::serve {
namespace {

constexpr const char* invalid_request_error = "invalid_request_error";
constexpr const char* server_error = "server_error";

}  // namespace

std::string to_json(const ApiError& error) {
  using nlohmann::ordered_json;
  const auto text_or_null = [](const std::string& text) { return text.empty() ? ordered_json() : ordered_json(text); };
  const ordered_json json{{"error",
                           {{"message", error.what()},
                            {"type", error.type()},
                            {"param", text_or_null(error.param())},
                            {"code", text_or_null(error.code())}}}};
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ApiError invalid_request(const std::string& message, const std::string& param, const std::string& code) {
  return {message, {.status = 400, .type = invalid_request_error, .param = param, .code = code}};
}

ApiError unsupported(const std::string& message, const std::string& param) {
  return invalid_request(message, param, "unsupported_parameter");
}

ApiError invalid_api_key() {
  return {"the API key is missing or wrong: send it as 'Authorization: Bearer KEY'",
          {.status = 401, .type = "authentication_error", .param = {}, .code = "invalid_api_key"}};
}

ApiError not_found(const std::string& message, const std::string& param, const std::string& code) {
  return {message, {.status = 404, .type = invalid_request_error, .param = param, .code = code}};
}

ApiError unknown_model(const std::string& model) {
  return not_found(fmt::format("there is no model '{}' here: GET /v1/models lists what there is", model), "model",
                   "model_not_found");
}

ApiError unknown_path(const std::string& path) {
  return not_found(fmt::format("there is nothing at {}", path), {}, "unknown_url");
}

ApiError method_not_allowed(const std::string& method, const std::string& path) {
  return {fmt::format("{} does not answer {} requests", path, method),
          {.status = 405, .type = invalid_request_error, .param = {}, .code = "method_not_supported"}};
}

ApiError request_timed_out(const std::string& message) {
  return {message, {.status = 408, .type = invalid_request_error, .param = {}, .code = "request_timeout"}};
}

ApiError body_too_large(std::size_t limit_bytes) {
  return {fmt::format("the request's body is larger than {} bytes", limit_bytes),
          {.status = 413, .type = invalid_request_error, .param = {}, .code = "request_too_large"}};
}

ApiError overloaded(const std::string& message) {
  return {message, {.status = 429, .type = "rate_limit_error", .param = {}, .code = "rate_limit_exceeded"}};
}

ApiError internal_error(const std::string& message) {
  return {message, {.status = 500, .type = server_error, .param = {}, .code = "internal_error"}};
}

ApiError unavailable(const std::string& message) {
  return {message, {.status = 503, .type = server_error, .param = {}, .code = "service_unavailable"}};
}

ApiError to_api_error(const Error& error, const std::string& param) {
  switch (error.kind()) {
    case ErrorKind::usage:
    case ErrorKind::data:
    case ErrorKind::model:
    case ErrorKind::vectors:
      return invalid_request(error.what(), param);
    case ErrorKind::engine:
      return internal_error(error.what());
    case ErrorKind::interrupted:
      return unavailable("the server is shutting down");
    case ErrorKind::network:
      return unavailable("another server that this one needs did not answer");
    case ErrorKind::predictor:
    case ErrorKind::results:
    case ErrorKind::io:
      break;
  }
  return internal_error("the server failed to answer; its log says why");
}

}  // namespace w2s::serve
