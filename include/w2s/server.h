// An OpenAI-compatible HTTP server whose answers are steered as each request asks for.
#pragma once

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/generation.h"
#include "w2s/model.h"

namespace w2s {

struct ServerOptions {
  std::string host = "127.0.0.1";  ///< an address or name of this machine; "0.0.0.0" or "::" for all of them
  int port = 8080;                 ///< 0: any that is free
  /// One of them must come with each request (Authorization: Bearer KEY), except those for /health and the page.
  /// Empty: everyone who reaches the port may ask.
  std::vector<std::string> api_keys = {};
  std::vector<std::string> cors_origins = {};  ///< web pages of other origins that may ask; "*": all

  std::string model_name = {};                        ///< as clients name it; empty: its file's name without .gguf
  std::shared_ptr<TextEncoder> embedding_model = {};  ///< of /v1/embeddings; else that of a predictor that has one
  std::filesystem::path report = {};                  ///< HTML at /report, to which the page links if it is there

  std::size_t max_body_bytes = std::size_t{4} << 20U;
  std::size_t max_prompt_tokens = 0;   ///< 0: what the context has room for
  std::size_t default_max_tokens = 0;  ///< of an answer where a request does not say; 0: context / sequences
  std::size_t max_choices = 16;        ///< answers to all prompts of one request
  std::size_t max_queued = 64;         ///< answers that may wait for a free sequence
  std::chrono::milliseconds request_timeout = std::chrono::minutes(10);
  std::chrono::seconds connection_timeout{10};  ///< in which a client must send or take the next bytes
  std::chrono::seconds keep_alive_timeout{5};
  std::size_t connections_to_spare = 32;  ///< beside those that have an answer generated or queued

  /// Gets a line of JSON for each request, from any thread, one at a time: time, id, method, path, status,
  /// milliseconds, and of a completion tokens and steering. Never a key.
  std::function<void(std::string_view)> log = {};
  bool log_prompts = false;  ///< and the prompts and answers
};

/// Serves POST /v1/chat/completions, /v1/completions and /v1/embeddings, GET /v1/models, /v1/steering/vectors, /health,
/// /metrics (Prometheus), a page at / where one chats, and a report at /report. Generations run side by side in one
/// engine, each steered in its own way. What is too much is refused: 413 for a body, 400 for a prompt, 429 for the
/// queue. Threads of its own.
class Server {
 public:
  /// Takes no connection yet. Throws what Decoder does, and Error{usage} for options that contradict each other.
  Server(const Model& model, const DecoderOptions& decoder, std::vector<NamedSteering> steerings,
         ServerOptions options = {});
  /// Ends like stop_now().
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Serves from now on. Throws Error{network} if the address cannot be had.
  void start();
  /// The one it listens at, after start().
  [[nodiscard]] int port() const;
  /// "http://127.0.0.1:8080", after start().
  [[nodiscard]] std::string url() const;
  /// As clients name it.
  [[nodiscard]] const std::string& model_name() const;

  /// Refuses new requests (503), finishes those that have begun, and returns then. From any thread, also more than
  /// once.
  void stop();
  /// The same, but those that have begun fail (503, or an error as a stream's last event).
  void stop_now();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Whether only programs of this machine reach a host: "localhost", "127.0.0.1" and its like, "::1".
[[nodiscard]] bool is_loopback(std::string_view host);

}  // namespace w2s
