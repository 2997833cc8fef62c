#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "serve/protocol/api_error.h"

namespace w2s::serve {
namespace {

using nlohmann::json;

TEST(ApiError, IsWrittenAsOpenAisErrorObject) {
  const auto error = json::parse(to_json(invalid_request("messages is missing", "messages", "missing_parameter")));
  EXPECT_EQ(error, json::parse(R"({"error": {"message": "messages is missing", "type": "invalid_request_error",
                                             "param": "messages", "code": "missing_parameter"}})"));
}

TEST(ApiError, IsWrittenWithNullForWhatItDoesNotName) {
  const auto error = json::parse(to_json(overloaded("64 answers wait already")));
  EXPECT_EQ(error, json::parse(R"({"error": {"message": "64 answers wait already", "type": "rate_limit_error",
                                             "param": null, "code": "rate_limit_exceeded"}})"));
}

TEST(ApiError, IsWrittenWhateverBytesItsMessageHas) {
  const auto error = json::parse(to_json(invalid_request("\xff is \"no\" role\n")));
  EXPECT_EQ(error["error"]["message"], "\uFFFD is \"no\" role\n");
}

TEST(ApiError, HasTheStatusAndTypeThatClientsExpect) {
  struct Expected {
    ApiError error;
    int status;
    std::string type;
    std::string code;
  };
  const std::vector<Expected> all = {
      {invalid_request("m"), 400, "invalid_request_error", ""},
      {unsupported("m", "tools"), 400, "invalid_request_error", "unsupported_parameter"},
      {invalid_api_key(), 401, "authentication_error", "invalid_api_key"},
      {not_found("m", "p", "c"), 404, "invalid_request_error", "c"},
      {unknown_model("gpt"), 404, "invalid_request_error", "model_not_found"},
      {unknown_path("/v2"), 404, "invalid_request_error", "unknown_url"},
      {method_not_allowed("GET", "/v1/completions"), 405, "invalid_request_error", "method_not_supported"},
      {request_timed_out("m"), 408, "invalid_request_error", "request_timeout"},
      {body_too_large(10), 413, "invalid_request_error", "request_too_large"},
      {overloaded("m"), 429, "rate_limit_error", "rate_limit_exceeded"},
      {internal_error("m"), 500, "server_error", "internal_error"},
      {unavailable("m"), 503, "server_error", "service_unavailable"},
  };
  for (const auto& [error, status, type, code] : all) {
    EXPECT_EQ(error.status(), status) << code;
    EXPECT_EQ(error.type(), type) << code;
    EXPECT_EQ(error.code(), code);
  }
  EXPECT_EQ(unknown_model("gpt").param(), "model");
  EXPECT_EQ(unsupported("m", "tools").param(), "tools");
}

TEST(ApiError, OfTheLibrarysErrorsBlamesTheRequestOnlyForItsOwn) {
  const auto status = [](ErrorKind kind) { return to_api_error(Error(kind, "m")).status(); };
  EXPECT_EQ(status(ErrorKind::usage), 400);
  EXPECT_EQ(status(ErrorKind::data), 400);
  EXPECT_EQ(status(ErrorKind::model), 400);
  EXPECT_EQ(status(ErrorKind::vectors), 400);
  EXPECT_EQ(status(ErrorKind::predictor), 500);
  EXPECT_EQ(status(ErrorKind::results), 500);
  EXPECT_EQ(status(ErrorKind::io), 500);
  EXPECT_EQ(status(ErrorKind::engine), 500);
  EXPECT_EQ(status(ErrorKind::interrupted), 503);
  EXPECT_EQ(status(ErrorKind::network), 503);
}

TEST(ApiError, OfTheLibrarysErrorsTellsClientsNothingOfTheServersFiles) {
  const std::string secret = "/home/someone/vectors.gguf";
  for (const auto kind : {ErrorKind::predictor, ErrorKind::results, ErrorKind::io, ErrorKind::network})
    EXPECT_EQ(std::string(to_api_error(Error(kind, secret)).what()).find("someone"), std::string::npos);
  const auto error = to_api_error(Error(ErrorKind::usage, "the prompt is empty"), "prompt");
  EXPECT_STREQ(error.what(), "the prompt is empty");
  EXPECT_EQ(error.param(), "prompt");
}

}  // namespace
}  // namespace w2s::serve
