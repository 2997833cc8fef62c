#include "remote/openai_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "remote/embeddings_protocol.h"
#include "remote/retry.h"
#include "w2s/base.h"

namespace w2s::remote {
namespace {

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte <= 0x20 || byte == 0x7f;
  });
}

void check(const OpenAiServerOptions& options, const std::string& owner) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::usage, why); };
  const std::string_view url = options.base_url;
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    refuse(fmt::format("{} base URL does not begin with http:// or https://", owner));
  // It is shown in messages, and may be written into files.
  if (url.find_first_of("@?#") != std::string_view::npos || has_control_character(url))
    refuse(fmt::format("{} base URL holds '@', '?', '#' or a blank: give it without credentials and query", owner));
  if (has_control_character(options.api_key))
    refuse(fmt::format("{} API key holds a blank or a control character", owner));
  if (options.model.empty()) refuse(fmt::format("{} model has no name", owner));
  if (options.tries < 1) refuse(fmt::format("{} tries, 1 at least", options.tries));
  if (options.connect_timeout.count() <= 0 || options.timeout.count() <= 0) refuse("a timeout that is not positive");
  if (options.first_wait.count() < 0 || options.longest_wait.count() < 0) refuse("a wait that is negative");
}

OpenAiServerOptions checked(OpenAiServerOptions options, const std::string& owner) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  check(options, owner);
  return options;
}

bool may_pass(int status, const ServerError& error) {
  constexpr int request_timeout = 408;
  constexpr int too_many_requests = 429;
  constexpr int server_error = 500;
  if (error.code == "insufficient_quota") return false;  // also a 429, but it wants money, not time
  return status == request_timeout || status == too_many_requests || status >= server_error;
}

std::string_view advice(int status) {
  switch (status) {
    case 401:
    case 403:
      return "; check OPENAI_API_KEY";
    case 404:
      return "; check the base URL (it often ends with /v1) and the model's name";
    default:
      return "";
  }
}

}  // namespace

OpenAiServer::OpenAiServer(OpenAiServerOptions options, const std::string& path, RequestNames names)
    : options_(checked(std::move(options), names.owner)),
      names_(std::move(names)),
      http_(options_.base_url + path, options_.api_key,
            {.connect = options_.connect_timeout, .whole = options_.timeout}),
      random_(options_.seed) {}

void OpenAiServer::post(const std::string& json, const BodyReader& read, const Job& job) {
  for (int tries = 1;; ++tries) {
    job.check_stop();
    auto failure = try_once(json, read, job);
    if (!failure) return;
    const auto wait = wait_after(tries, {.first = options_.first_wait, .longest = options_.longest_wait},
                                 failure->retry_after, random_);
    if (!failure->may_pass || tries >= options_.tries) give_up(*failure, tries);
    if (wait > options_.longest_wait) {
      failure->reason += fmt::format(" (the server asks to wait {} s)", wait.count() / 1000);
      give_up(*failure, tries);
    }
    constexpr double milliseconds_a_second = 1000;
    job.warn(fmt::format("{}: {}; trying again in {:.1f} s (try {} of {})", options_.base_url, failure->reason,
                         static_cast<double>(wait.count()) / milliseconds_a_second, tries + 1, options_.tries));
    sleep_for(wait, job.stop);
  }
}

std::optional<RequestFailure> OpenAiServer::try_once(const std::string& json, const BodyReader& read, const Job& job) {
  const auto [answer, broken] = http_.send(json, job.stop);
  if (!answer)
    return RequestFailure{.reason = without_secret(broken.reason, options_.api_key), .may_pass = broken.may_pass};
  constexpr int ok = 200;
  if (answer->status == ok) return read(answer->body);
  const auto error = server_error(answer->body, options_.api_key);
  return RequestFailure{.reason = fmt::format("HTTP {}{}{}{}", answer->status, error.message.empty() ? "" : ": ",
                                              error.message, advice(answer->status)),
                        .may_pass = may_pass(answer->status, error),
                        .retry_after = answer->retry_after};
}

void OpenAiServer::give_up(const RequestFailure& failure, int tries) const {
  throw Error(ErrorKind::network,
              fmt::format("no {} from {} (model {}){}: {}", names_.result, options_.base_url, options_.model,
                          tries == 1 ? "" : fmt::format(" after {} tries", tries), failure.reason));
}

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

}  // namespace w2s::remote
