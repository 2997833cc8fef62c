// Requests to a server that speaks OpenAI's protocol, made again where that may help.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/random.h"
#include "remote/http_post.h"
#include "w2s/base.h"
#include "w2s/remote.h"

namespace w2s::remote {

/// How messages name what is asked of a server.
struct RequestNames {
  std::string owner;   ///< "the embeddings'"
  std::string result;  ///< "embeddings"
};

/// Why a try gave nothing.
struct RequestFailure {
  std::string reason;
  bool may_pass = false;
  std::optional<std::chrono::seconds> retry_after = {};
};

/// Takes what it needs from the body of an answer, or says why that is not there.
using BodyReader = std::function<std::optional<RequestFailure>(const std::string& body)>;

class OpenAiServer {
 public:
  /// `path` follows the base URL: "/embeddings". Throws Error{usage} for options that make no sense.
  OpenAiServer(OpenAiServerOptions options, const std::string& path, RequestNames names);

  /// Without a slash at its end.
  [[nodiscard]] const std::string& base_url() const noexcept { return options_.base_url; }

  /// Posts until `read` is content. A rate limit, a server's failure, a broken connection, a timeout and what `read`
  /// says may pass lead to another try after a growing wait, of which the job is warned. The key is in no message.
  /// Throws Error{network} once the tries are used up or the server refuses, Error{interrupted} when the job is
  /// stopped.
  void post(const std::string& json, const BodyReader& read, const Job& job);

 private:
  [[nodiscard]] std::optional<RequestFailure> try_once(const std::string& json, const BodyReader& read, const Job& job);
  [[noreturn]] void give_up(const RequestFailure& failure, int tries) const;

  OpenAiServerOptions options_;
  RequestNames names_;
  HttpPost http_;
  Random random_;
};

/// A variable of the environment; empty where it is not set.
[[nodiscard]] std::string environment(const char* name);

}  // namespace w2s::remote
