// Continuous batching: many generations at once, each steered in its own way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/error.h"
#include "w2s/named_steering.h"
#include "w2s/sampler.h"
#include "w2s/steering_request.h"

namespace w2s {

struct GenerationRequest {
  std::vector<Token> prompt;
  std::string text = {};  ///< the prompt as embedding models read it (plain_text); only they need it
  std::vector<SteeringRequest> steering = {};
  SamplingOptions sampling = {};
  std::size_t max_tokens = 128;  ///< fewer where the context ends before; the token that ends the generation counts
  std::vector<std::string> stop = {};                 ///< the text ends in front of these
  std::optional<std::size_t> log_probabilities = {};  ///< of each token, and of so many most likely ones
};

/// The prompt was read and its steering resolved; comes before the first token.
struct GenerationStarted {
  std::vector<AppliedSteering> applied;
  std::vector<LayerProbabilities> predicted;
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;  ///< of these, taken from other prompts instead of decoded
};

struct GeneratedToken {
  Token token = 0;
  std::string text;  ///< what can be shown now: whole characters, nothing of a stop string; may be empty
  std::optional<TokenLogProbability> log_probability = {};
  std::vector<TokenLogProbability> most_likely = {};
};

enum class FinishReason {
  stop,    ///< the model ended its answer, or a stop string was found
  length,  ///< as many tokens as were asked for, or as fit into the context
  cancelled,
  failed  ///< `message` says why
};

/// "stop", "length", "cancelled", "failed".
[[nodiscard]] std::string_view to_string(FinishReason reason);

/// Comes last, and once.
struct GenerationFinished {
  FinishReason reason = FinishReason::stop;
  std::string text;                      ///< what was held back
  std::optional<std::string> stop = {};  ///< the stop string that was found
  std::size_t tokens = 0;                ///< generated
  std::string message = {};
  ErrorKind error = ErrorKind::engine;  ///< of a failure: Error{vectors} where the steering could not be done
};

using GenerationEvent = std::variant<GenerationStarted, GeneratedToken, GenerationFinished>;

/// Called from within step() and cancel(). It may submit and cancel; an exception of its own ends step(), and with it
/// the engine's life.
using GenerationSink = std::function<void(const GenerationEvent&)>;

using GenerationId = std::uint64_t;

/// Decodes one batch a step: the next token of every running generation, each row with its own edits, and stretches of
/// the prompts that wait. A prompt is decoded unsteered; steering is added at its last token and at every generated
/// token. Where a predictor or a vector source must see the prompt, its last token is read on its way through the
/// layers and steered at a later one; only if the steering is to be at an earlier one, it is forgotten and decoded
/// again. Prompts that begin alike share what was decoded unsteered, and nothing else. A generation is begun only when
/// the cache has room for all it may become, so that none fails for want of room. No threads of its own, and not
/// thread-safe. The same calls in the same order give the same events.
class GenerationEngine {
 public:
  /// As many generations run at once as the decoder has sequences, as far as its context has room for them. Takes the
  /// decoder over, and empties it.
  GenerationEngine(Decoder decoder, std::vector<NamedSteering> steerings);
  ~GenerationEngine();
  GenerationEngine(GenerationEngine&&) noexcept;
  GenerationEngine& operator=(GenerationEngine&&) noexcept;

  [[nodiscard]] const Model& model() const;
  [[nodiscard]] const std::vector<NamedSteering>& steerings() const;
  /// Tokens that a prompt and its answer may have together.
  [[nodiscard]] std::size_t context() const;

  /// Queues a generation. Throws Error{usage} for an empty prompt, one that leaves no room for an answer, a token that
  /// is not in the vocabulary, no tokens to generate, sampling options out of range, and what PreparedSteering throws.
  GenerationId submit(GenerationRequest request, GenerationSink sink);

  /// Ends a generation, if it is still there; its place is free at once.
  void cancel(GenerationId id);

  /// Decodes one batch. Returns whether there is more to do. Where the decoder fails, the generations that were running
  /// end with FinishReason::failed, and the engine goes on.
  bool step();

  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] std::size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s
