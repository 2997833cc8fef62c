#include "remote/remote_embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "remote/embedding_cache.h"
#include "remote/embeddings_protocol.h"
#include "remote/openai_server.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// OpenAI takes 300,000 tokens a request, and a token is a byte at least.
constexpr std::size_t most_bytes_a_request = 300'000;

RemoteEmbeddingsOptions checked(RemoteEmbeddingsOptions options) {
  if (options.batch == 0) throw Error(ErrorKind::usage, "a batch of 0 texts");
  if (options.cache_folder.empty()) options.cache_folder = default_embeddings_folder();
  return options;
}

// A text that is asked for, however often it occurs.
struct Wanted {
  std::string hash;
  std::size_t first = 0;  // where it occurs in the texts
};

}  // namespace

std::filesystem::path default_embeddings_folder() {
  if (const auto cache = remote::environment("W2S_CACHE"); !cache.empty())
    return std::filesystem::path(cache) / "embeddings";
  if (const auto cache = remote::environment("XDG_CACHE_HOME"); !cache.empty())
    return std::filesystem::path(cache) / "w2s" / "embeddings";
  if (const auto home = remote::environment("HOME"); !home.empty())
    return std::filesystem::path(home) / ".cache" / "w2s" / "embeddings";
  throw Error(ErrorKind::usage, "no folder for embeddings: set HOME or W2S_CACHE, or name one");
}

struct RemoteEmbeddings::State {
  explicit State(RemoteEmbeddingsOptions wanted)
      : options(checked(std::move(wanted))),
        server(static_cast<const OpenAiServerOptions&>(options), "/embeddings",
               {.owner = "the embeddings'", .result = "embeddings"}),
        cache(options.cache_folder,
              {.base_url = server.base_url(), .model = options.model, .dimensions = options.dimensions}) {}

  [[nodiscard]] std::size_t width() const { return cache.width() != 0 ? cache.width() : options.dimensions; }
  [[nodiscard]] std::vector<std::string> next_batch(std::span<const std::string> texts,
                                                    std::span<const Wanted> missing) const;
  [[nodiscard]] std::vector<std::vector<float>> request(std::span<const std::string> batch, const Job& job);
  [[nodiscard]] std::optional<remote::RequestFailure> read(const std::string& body, std::size_t count,
                                                           std::vector<std::vector<float>>& embeddings) const;

  RemoteEmbeddingsOptions options;
  remote::OpenAiServer server;
  remote::EmbeddingCache cache;
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
  std::vector<std::vector<float>> embeddings;
  server.post(json, [&](const std::string& body) { return read(body, batch.size(), embeddings); }, job);
  return embeddings;
}

std::optional<remote::RequestFailure> RemoteEmbeddings::State::read(const std::string& body, std::size_t count,
                                                                    std::vector<std::vector<float>>& embeddings) const {
  auto response = remote::parse_response(body, count, options.dimensions);
  if (response.error.empty()) {
    const std::size_t got = response.embeddings.front().size();
    if (cache.width() == 0 || cache.width() == got) {
      embeddings = std::move(response.embeddings);
      return std::nullopt;
    }
    response.error =
        fmt::format("embeddings of {} dimensions, those kept in {} have {}: move it away if the model has changed", got,
                    cache.path().string(), cache.width());
  }
  return remote::RequestFailure{.reason = response.error, .may_pass = response.is_cut_or_no_json};
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
