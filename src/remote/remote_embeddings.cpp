#include "w2s/remote_embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "remote/embedding_cache.h"
#include "remote/embeddings_protocol.h"
#include "remote/http_post.h"
#include "remote/retry.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/random.h"

namespace w2s {
namespace {

// OpenAI takes 300,000 tokens a request, and a token is a byte at least.
constexpr std::size_t most_bytes_a_request = 300'000;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char letter) {
    const auto byte = static_cast<unsigned char>(letter);
    return byte <= 0x20 || byte == 0x7f;
  });
}

void check(const RemoteEmbeddingsOptions& options) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::usage, why); };
  const std::string_view url = options.base_url;
  if (!url.starts_with("http://") && !url.starts_with("https://"))
    refuse("the embeddings' base URL does not begin with http:// or https://");
  // It is written into the cache and shown in messages.
  if (url.find_first_of("@?#") != std::string_view::npos || has_control_character(url))
    refuse("the embeddings' base URL holds '@', '?', '#' or a blank: give it without credentials and query");
  if (has_control_character(options.api_key)) refuse("the embeddings' API key holds a blank or a control character");
  if (options.model.empty()) refuse("the embeddings' model has no name");
  if (options.batch == 0) refuse("a batch of 0 texts");
  if (options.tries < 1) refuse(fmt::format("{} tries, 1 at least", options.tries));
  if (options.connect_timeout.count() <= 0 || options.timeout.count() <= 0) refuse("a timeout that is not positive");
  if (options.first_wait.count() < 0 || options.longest_wait.count() < 0) refuse("a wait that is negative");
}

RemoteEmbeddingsOptions checked(RemoteEmbeddingsOptions options) {
  while (options.base_url.ends_with('/')) options.base_url.pop_back();
  check(options);
  if (options.cache_folder.empty()) options.cache_folder = default_embeddings_folder();
  return options;
}

bool may_pass(int status, const remote::ServerError& error) {
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

// A text that is asked for, however often it occurs.
struct Wanted {
  std::string hash;
  std::size_t first = 0;  // where it occurs in the texts
};

// Why a try gave no embeddings.
struct Failure {
  std::string reason;
  bool may_pass = false;
  std::optional<std::chrono::seconds> retry_after;
};

}  // namespace

RemoteEmbeddingsOptions RemoteEmbeddingsOptions::from_environment() {
  RemoteEmbeddingsOptions options;
  if (const auto url = environment("OPENAI_BASE_URL"); !url.empty()) options.base_url = url;
  options.api_key = environment("OPENAI_API_KEY");
  return options;
}

std::filesystem::path default_embeddings_folder() {
  if (const auto cache = environment("W2S_CACHE"); !cache.empty()) return std::filesystem::path(cache) / "embeddings";
  if (const auto cache = environment("XDG_CACHE_HOME"); !cache.empty())
    return std::filesystem::path(cache) / "w2s" / "embeddings";
  if (const auto home = environment("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache" / "w2s" / "embeddings";
  throw Error(ErrorKind::usage, "no folder for embeddings: set HOME or W2S_CACHE, or name one");
}

struct RemoteEmbeddings::State {
  explicit State(RemoteEmbeddingsOptions wanted)
      : options(checked(std::move(wanted))),
        cache(options.cache_folder,
              {.base_url = options.base_url, .model = options.model, .dimensions = options.dimensions}),
        http(options.base_url + "/embeddings", options.api_key,
             {.connect = options.connect_timeout, .whole = options.timeout}),
        random(options.seed) {}

  [[nodiscard]] std::size_t width() const { return cache.width() != 0 ? cache.width() : options.dimensions; }
  [[nodiscard]] std::vector<std::string> next_batch(std::span<const std::string> texts,
                                                    std::span<const Wanted> missing) const;
  [[nodiscard]] std::vector<std::vector<float>> request(std::span<const std::string> batch, const Job& job);
  [[nodiscard]] std::optional<std::vector<std::vector<float>>> try_once(const std::string& json, std::size_t count,
                                                                        const Job& job, Failure& failure);
  [[noreturn]] void give_up(const Failure& failure, int tries) const;

  RemoteEmbeddingsOptions options;
  remote::EmbeddingCache cache;
  remote::HttpPost http;
  Random random;
};

std::vector<std::string> RemoteEmbeddings::State::next_batch(std::span<const std::string> texts,
                                                             std::span<const Wanted> missing) const {
  std::vector<std::string> batch;
  std::size_t bytes = 0;
  for (const Wanted& wanted : missing.first(std::min(missing.size(), options.batch))) {
    const std::string& text = texts[wanted.first];
    bytes += text.size();
    if (!batch.empty() && bytes > most_bytes_a_request) break;
    batch.push_back(text);
  }
  return batch;
}

std::vector<std::vector<float>> RemoteEmbeddings::State::request(std::span<const std::string> batch, const Job& job) {
  const std::string json =
      remote::request_json({.model = options.model, .dimensions = options.dimensions, .base64 = options.base64}, batch);
  for (int tries = 1;; ++tries) {
    job.check_stop();
    Failure failure;
    if (auto embeddings = try_once(json, batch.size(), job, failure)) return std::move(*embeddings);
    const auto wait = remote::wait_after(tries, {.first = options.first_wait, .longest = options.longest_wait},
                                         failure.retry_after, random);
    if (!failure.may_pass || tries >= options.tries) give_up(failure, tries);
    if (wait > options.longest_wait) {
      failure.reason += fmt::format(" (the server asks to wait {} s)", wait.count() / 1000);
      give_up(failure, tries);
    }
    constexpr double milliseconds_a_second = 1000;
    job.warn(fmt::format("{}: {}; trying again in {:.1f} s (try {} of {})", options.base_url, failure.reason,
                         static_cast<double>(wait.count()) / milliseconds_a_second, tries + 1, options.tries));
    remote::sleep_for(wait, job.stop);
  }
}

std::optional<std::vector<std::vector<float>>> RemoteEmbeddings::State::try_once(const std::string& json,
                                                                                 std::size_t count, const Job& job,
                                                                                 Failure& failure) {
  auto [answer, broken] = http.send(json, job.stop);
  if (!answer) {
    failure = {.reason = remote::without_secret(broken.reason, options.api_key),
               .may_pass = broken.may_pass,
               .retry_after = {}};
    return std::nullopt;
  }
  constexpr int ok = 200;
  if (answer->status != ok) {
    const auto error = remote::server_error(answer->body, options.api_key);
    failure = {.reason = fmt::format("HTTP {}{}{}{}", answer->status, error.message.empty() ? "" : ": ", error.message,
                                     advice(answer->status)),
               .may_pass = may_pass(answer->status, error),
               .retry_after = answer->retry_after};
    return std::nullopt;
  }
  auto response = remote::parse_response(answer->body, count, options.dimensions);
  if (response.error.empty()) {
    const std::size_t got = response.embeddings.front().size();
    if (cache.width() == 0 || cache.width() == got) return std::move(response.embeddings);
    response.error =
        fmt::format("embeddings of {} dimensions, those kept in {} have {}: move it away if the model has changed", got,
                    cache.path().string(), cache.width());
  }
  failure = {.reason = response.error, .may_pass = response.is_cut_or_no_json, .retry_after = {}};
  return std::nullopt;
}

void RemoteEmbeddings::State::give_up(const Failure& failure, int tries) const {
  throw Error(ErrorKind::network, fmt::format("no embeddings from {} (model {}){}: {}", options.base_url, options.model,
                                              tries == 1 ? "" : fmt::format(" after {} tries", tries), failure.reason));
}

RemoteEmbeddings::RemoteEmbeddings(RemoteEmbeddingsOptions options)
    : state_(std::make_unique<State>(std::move(options))) {}

RemoteEmbeddings::~RemoteEmbeddings() = default;

std::string RemoteEmbeddings::name() const {
  const auto& options = state_->options;
  if (options.dimensions == 0) return "remote:" + options.model;
  return fmt::format("remote:{}:{}", options.model, options.dimensions);
}

std::size_t RemoteEmbeddings::width() const { return state_->width(); }

std::vector<std::vector<float>> RemoteEmbeddings::encode(std::span<const std::string> texts, const Job& job) {
  state_->cache.refresh();
  std::vector<std::string> hashes;
  hashes.reserve(texts.size());
  std::unordered_map<std::string, std::vector<float>> known;
  std::vector<Wanted> missing;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    hashes.push_back(sha256(texts[i]));
    if (known.contains(hashes.back())) continue;
    auto kept = state_->cache.find(hashes.back());
    if (!kept) missing.push_back({.hash = hashes.back(), .first = i});
    known.emplace(hashes.back(), kept ? std::move(*kept) : std::vector<float>());
  }

  const std::size_t kept = known.size() - missing.size();
  for (std::span<const Wanted> left = missing; !left.empty();) {
    const auto batch = state_->next_batch(texts, left);
    auto embeddings = state_->request(batch, job);
    std::vector<remote::KeptEmbedding> answered;
    for (std::size_t i = 0; i < batch.size(); ++i)
      answered.push_back({.text_hash = left[i].hash, .embedding = std::move(embeddings[i])});
    state_->cache.append(answered);
    for (auto& [hash, embedding] : answered) known[hash] = std::move(embedding);
    left = left.subspan(batch.size());
    job.report({.stage = "embeddings",
                .done = known.size() - left.size(),
                .total = known.size(),
                .resumed = kept,
                .unit = "texts"});
  }

  std::vector<std::vector<float>> result;
  result.reserve(texts.size());
  for (const std::string& hash : hashes) result.push_back(known.at(hash));
  return result;
}

}  // namespace w2s
