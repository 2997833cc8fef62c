// The bodies of requests as plain values: OpenAI's fields, llama.cpp's sampling options, and `steering`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "serve/protocol/api_error.h"
#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/generation.h"
#include "w2s/model.h"

namespace w2s::serve {

/// What a request may ask for at most. How many bytes a body has is the server's to limit, and how many tokens a
/// prompt has.
struct RequestLimits {
  std::size_t nesting = 32;           ///< arrays and objects of the JSON within each other
  std::size_t messages = 1024;        ///< of a conversation
  std::size_t parts = 256;            ///< of a message's content
  std::size_t text_bytes = 1U << 20;  ///< of a message, a prompt or an input
  std::size_t inputs = 256;           ///< prompts of a completion, texts to embed
  std::size_t choices = 16;           ///< answers to all prompts together
  std::size_t stop_strings = 16;
  std::size_t stop_bytes = 1024;  ///< of one stop string
  std::size_t logit_biases = 1024;
  std::size_t steerings = 16;
  std::size_t name_bytes = 256;  ///< of a model or steering
};

/// SamplingOptions::seed for another one every time.
inline constexpr std::uint32_t random_seed = 0xFFFFFFFF;

struct RequestSettings {
  RequestLimits limits = {};
  SamplingOptions sampling_defaults = {.seed = random_seed};  ///< of fields that a request leaves out
};

/// What chat and text completions have in common.
struct CompletionOptions {
  std::string model;
  std::optional<std::size_t> max_tokens = {};  ///< absent: what fits into the context
  SamplingOptions sampling = {};               ///< `seed` of the first choice; see sampling_of_choice
  std::size_t choices = 1;                     ///< to each prompt
  bool stream = false;
  bool include_usage = false;  ///< a last chunk of a stream with the usage
  std::vector<std::string> stop = {};
  std::optional<std::size_t> log_probabilities = {};  ///< as in GenerationRequest
  std::vector<SteeringRequest> steering = {};
};

struct ChatRequest {
  std::vector<ChatMessage> messages;  ///< "developer" is "system"; parts of a content are joined by line ends
  CompletionOptions options;
};

/// Text, or tokens.
using Prompt = std::variant<std::string, std::vector<Token>>;

struct TextRequest {
  std::vector<Prompt> prompts;  ///< at least one
  CompletionOptions options;
};

struct EmbeddingsRequest {
  std::string model;
  std::vector<Prompt> inputs;  ///< at least one, none empty
  bool base64 = false;
  std::optional<std::size_t> dimensions = {};  ///< what the client expects; see check_dimensions
};

/// Bodies of POST /v1/chat/completions, /v1/completions and /v1/embeddings. Each throws ApiError, and nothing else
/// whatever the bytes are. Null is as good as absent. Fields that are unknown are ignored, as OpenAI's clients expect,
/// but not within `steering`. Fields that would change the answer and are not supported are refused, unless their
/// value asks for nothing.
[[nodiscard]] ChatRequest parse_chat_request(std::string_view body, const RequestSettings& settings = {});
[[nodiscard]] TextRequest parse_text_request(std::string_view body, const RequestSettings& settings = {});
[[nodiscard]] EmbeddingsRequest parse_embeddings_request(std::string_view body, const RequestSettings& settings = {});

/// Each choice draws with a seed of its own, so that they differ, and the same request gives the same choices.
/// `index` counts choices over all prompts.
[[nodiscard]] SamplingOptions sampling_of_choice(const CompletionOptions& options, std::size_t index);

/// Throws ApiError unless the client expects `width` numbers, or says nothing of it.
void check_dimensions(const EmbeddingsRequest& request, std::size_t width);

}  // namespace w2s::serve
