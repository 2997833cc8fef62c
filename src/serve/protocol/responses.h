// OpenAI's responses as JSON: completions whole and in chunks, lists of models and embeddings.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "serve/protocol/scored_tokens.h"
#include "w2s/generation.h"

namespace w2s::serve {

/// What was done to the residual stream; `predicted` has all probabilities of the predictors that were asked.
struct SteeringEcho {
  std::vector<AppliedSteering> applied;
  std::vector<LayerProbabilities> predicted;
};

struct Choice {
  std::size_t index = 0;
  std::string text;
  FinishReason reason = FinishReason::stop;
  std::optional<std::vector<ScoredToken>> scores = {};  ///< absent: log probabilities were not asked for
  std::optional<SteeringEcho> steering = {};  ///< where prompts of one request differ in it; else the response has it
};

struct Usage {
  std::size_t prompt_tokens = 0;
  std::size_t completion_tokens = 0;
  std::size_t cached_tokens = 0;  ///< of the prompt's
};

enum class CompletionKind {
  chat,  ///< /v1/chat/completions
  text   ///< /v1/completions
};

/// "chatcmpl-" or "cmpl-", and 128 random bits in hex.
[[nodiscard]] std::string make_completion_id(CompletionKind kind);

struct CompletionHead {
  CompletionKind kind = CompletionKind::chat;
  std::string id;
  std::int64_t created = 0;  ///< seconds since 1970
  std::string model;
};

/// The JSON of one response. Text that is not UTF-8 gets U+FFFD; bytes of tokens that are none are told as OpenAI does,
/// as \xe2 in `token` and as numbers in `bytes`.
class CompletionWriter {
 public:
  /// `include_usage`: chunks say "usage": null, because a last one will have it.
  explicit CompletionWriter(CompletionHead head, bool include_usage = false)
      : head_(std::move(head)), include_usage_(include_usage) {}

  [[nodiscard]] const CompletionHead& head() const noexcept { return head_; }

  /// The whole answer. `steering`: absent where the request asked for none.
  [[nodiscard]] std::string whole(std::span<const Choice> choices, const Usage& usage,
                                  const std::optional<SteeringEcho>& steering = {}) const;

  /// Chunks of a choice, in this order: one first chunk, which has the role of a chat's answer and how it is steered,
  /// as many text chunks as wanted, one last chunk. Each `scores` only where log probabilities were asked for.
  [[nodiscard]] std::string first_chunk(std::size_t index, const std::optional<SteeringEcho>& steering = {}) const;
  [[nodiscard]] std::string text_chunk(std::size_t index, std::string_view text,
                                       const std::optional<std::vector<ScoredToken>>& scores = {}) const;
  /// Has no text: what was held back goes in a text chunk before.
  [[nodiscard]] std::string last_chunk(std::size_t index, FinishReason reason) const;
  /// After the last chunks of all choices, where `include_usage`.
  [[nodiscard]] std::string usage_chunk(const Usage& usage) const;

 private:
  CompletionHead head_;
  bool include_usage_ = false;
};

/// "data: ...\n\n"
[[nodiscard]] std::string server_sent_event(std::string_view json);
/// The last event of a stream that did not fail.
inline constexpr std::string_view last_server_sent_event = "data: [DONE]\n\n";

struct ModelEntry {
  std::string id;
  std::int64_t created = 0;
  std::string owned_by = "w2s";
};
/// GET /v1/models
[[nodiscard]] std::string models_json(std::span<const ModelEntry> models);
/// GET /v1/models/{id}
[[nodiscard]] std::string model_json(const ModelEntry& model);

/// `prompt_tokens`: of all inputs. Embeddings as numbers, or as base64 of 32-bit little-endian floats.
[[nodiscard]] std::string embeddings_json(const std::string& model, std::span<const std::vector<float>> embeddings,
                                          bool base64, std::size_t prompt_tokens);

}  // namespace w2s::serve
