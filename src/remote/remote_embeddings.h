// Embeddings of a server that speaks OpenAI's protocol: OpenAI's own, llama.cpp's, vLLM's, Ollama's and others.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

#include "w2s/base.h"
#include "w2s/remote.h"

namespace w2s {

struct RemoteEmbeddingsOptions : OpenAiServerOptions {
  std::size_t dimensions = 0;  ///< asks the model for this width, where it can shorten its embeddings; 0: its own
  std::size_t batch = 128;     ///< texts a request, at most; fewer where they are long
  bool base64 = true;          ///< asks for embeddings as base64, which is exact and short; numbers are read as well
  std::filesystem::path cache_folder = {};  ///< empty: default_embeddings_folder()
};

/// `embeddings` in the user's cache folder: W2S_CACHE, else w2s in XDG_CACHE_HOME, else ~/.cache/w2s. Throws
/// Error{usage} where neither these nor HOME are set.
[[nodiscard]] std::filesystem::path default_embeddings_folder();

/// Asks the server for each text once: what it answered is kept in a file of the cache folder, found by base URL,
/// model, dimensions and SHA-256 of the text. The file grows by a batch at a time, so that a process that is killed
/// loses at most the batch under way; several processes may share it. Requests that meet a rate limit, a server's
/// failure, a broken connection, a timeout or an answer that is no JSON are made again after exponentially growing
/// waits with jitter, as late as the server asks for; the job is warned of each. The key is in no message and in no
/// file. Redirects are not followed; proxies are those of the environment, as curl reads it.
class RemoteEmbeddings final : public TextEncoder {
 public:
  /// Opens the cache; sends nothing. Throws Error{usage} for options that make no sense, Error{io} if the cache cannot
  /// be used.
  explicit RemoteEmbeddings(RemoteEmbeddingsOptions options);
  ~RemoteEmbeddings() override;

  /// "remote:<model>", with ":<dimensions>" where they were asked for.
  [[nodiscard]] std::string name() const override;
  [[nodiscard]] std::size_t width() const override;
  /// Throws Error{network} once a batch's tries are used up or the server refuses it (its own message is shown),
  /// Error{data} for a text that is not UTF-8, Error{io} if the cache cannot be written. What was answered until then
  /// is kept.
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job& job) override;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s
