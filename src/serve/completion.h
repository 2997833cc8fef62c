// One request for completions: its generations, and what the client gets of them.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "serve/engine_thread.h"
#include "serve/http_front.h"
#include "serve/metrics.h"
#include "serve/protocol/requests.h"
#include "serve/protocol/responses.h"
#include "w2s/model.h"

namespace w2s::serve {

struct CompletionLimits {
  std::size_t context = 0;             ///< tokens of a prompt and its answer
  std::size_t max_prompt_tokens = 0;   ///< at most `context`
  std::size_t default_max_tokens = 0;  ///< of an answer where the request does not say
  Clock::duration timeout = {};
};

struct ReadPrompt {
  std::vector<Token> tokens;
  std::string text;  ///< as embedding models read it
};

[[nodiscard]] ReadPrompt read_prompt(const Model& model, std::span<const ChatMessage> messages);
[[nodiscard]] ReadPrompt read_prompt(const Model& model, const Prompt& prompt);

struct CompletionOrder {
  CompletionHead head;
  std::vector<ReadPrompt> prompts;
  CompletionOptions options;
};

class Completion {
 public:
  /// Throws ApiError for a prompt that is too long, and what EngineThread::submit does. Refers to the model, and to
  /// `record`, in which it notes what there is to say.
  Completion(const Model& model, EngineThread& engine, Metrics& metrics, const CompletionLimits& limits,
             CompletionOrder order, RequestRecord& record, std::function<bool()> is_client_gone);
  ~Completion();
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  /// Returns when the first answer has begun. This and the others throw ApiError if an answer fails or the time is up,
  /// and ClientGone.
  void wait_for_beginning();
  /// The whole response.
  [[nodiscard]] std::string whole();
  /// The response as server-sent events; returns the last of them. ApiError is told as an event.
  [[nodiscard]] std::string stream(const Write& write);
  /// So far.
  [[nodiscard]] std::vector<std::string> texts() const;

 private:
  struct Answer {
    std::optional<GenerationStarted> started = {};
    std::string text = {};
    std::vector<ScoredToken> scores = {};
    std::size_t characters = 0;  ///< of the tokens so far
    std::size_t tokens = 0;
    std::optional<GenerationFinished> finished = {};
  };

  [[nodiscard]] std::vector<GenerationRequest> requests(const CompletionLimits& limits) const;
  [[nodiscard]] ChoiceEvent next();
  void take(const ChoiceEvent& event);
  void take_start(std::size_t choice, const GenerationStarted& started);
  void take_token(std::size_t choice, const GeneratedToken& token);
  [[nodiscard]] std::optional<ScoredToken> score(const GeneratedToken& token, Answer& answer) const;
  [[nodiscard]] TokenScore describe(const TokenLogProbability& token) const;
  void write_chunks(const ChoiceEvent& event, const Write& write);
  void stream_all(const Write& write);
  [[nodiscard]] bool has_ended() const { return ended_ == answers_.size(); }
  [[nodiscard]] std::optional<SteeringEcho> echo(const Answer& answer) const;
  [[nodiscard]] Usage usage() const;

  const Model& model_;
  Metrics& metrics_;
  CompletionOrder order_;
  CompletionWriter writer_;
  RequestRecord& record_;
  std::function<bool()> is_client_gone_;
  Clock::time_point deadline_;
  Clock::time_point next_look_at_client_;
  std::vector<Answer> answers_;            // [prompts][choices]
  std::optional<ChoiceEvent> first_ = {};  // read, and not yet answered
  std::size_t ended_ = 0;
  bool has_first_token_ = false;
  Generations generations_;
};

}  // namespace w2s::serve
