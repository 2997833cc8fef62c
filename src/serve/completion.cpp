#include "serve/completion.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "serve/protocol/api_error.h"
#include "w2s/base.h"
#include "w2s/generation.h"

namespace w2s::serve {
namespace {

constexpr auto between_looks_at_client = std::chrono::milliseconds(100);

ApiError failure(const GenerationFinished& finished) {
  if (finished.reason == FinishReason::cancelled) return unavailable("the server is shutting down");
  return to_api_error(Error(finished.error, finished.message));
}

bool is_whole(const GenerationFinished& finished) {
  return finished.reason == FinishReason::stop || finished.reason == FinishReason::length;
}

void check_length(const ReadPrompt& prompt, const CompletionLimits& limits, CompletionKind kind) {
  if (prompt.tokens.size() <= limits.max_prompt_tokens) return;
  throw invalid_request(fmt::format("the prompt has {} tokens, of which this server takes {} at most: shorten it",
                                    prompt.tokens.size(), limits.max_prompt_tokens),
                        kind == CompletionKind::chat ? "messages" : "prompt", "context_length_exceeded");
}

}  // namespace

ReadPrompt read_prompt(const Model& model, std::span<const ChatMessage> messages) {
  return {.tokens = model.tokenize(model.chat_prompt(messages)), .text = plain_text(messages)};
}

ReadPrompt read_prompt(const Model& model, const Prompt& prompt) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return {.tokens = model.tokenize(*text), .text = *text};
  const auto& tokens = std::get<std::vector<Token>>(prompt);
  const auto is_unknown = [&](Token token) {
    return token < 0 || static_cast<std::size_t>(token) >= model.info().vocabulary;
  };
  const auto unknown = std::ranges::find_if(tokens, is_unknown);
  if (unknown != tokens.end())
    throw invalid_request(fmt::format("token {} is not in the model's vocabulary", *unknown), "prompt");
  return {.tokens = tokens, .text = model.text(tokens)};
}

Completion::Completion(const Model& model, EngineThread& engine, Metrics& metrics, const CompletionLimits& limits,
                       CompletionOrder order, RequestRecord& record, std::function<bool()> is_client_gone)
    : model_(model),
      metrics_(metrics),
      order_(std::move(order)),
      writer_(order_.head, order_.options.include_usage),
      record_(record),
      is_client_gone_(std::move(is_client_gone)),
      deadline_(record.began + limits.timeout),
      next_look_at_client_(record.began + between_looks_at_client),
      answers_(order_.prompts.size() * order_.options.choices),
      generations_(engine.submit(requests(limits))) {
  record_.is_completion = true;
}

Completion::~Completion() {
  for (const auto& answer : answers_)
    if (!answer.finished) metrics_.add_generated(answer.tokens);
}

std::vector<GenerationRequest> Completion::requests(const CompletionLimits& limits) const {
  const auto& options = order_.options;
  std::vector<GenerationRequest> all;
  for (const auto& prompt : order_.prompts) {
    check_length(prompt, limits, order_.head.kind);
    const auto room = limits.context - prompt.tokens.size() + 1;  // the last token is not decoded
    for (std::size_t choice = 0; choice < options.choices; ++choice) {
      all.push_back({.prompt = prompt.tokens,
                     .text = prompt.text,
                     .steering = options.steering,
                     .sampling = sampling_of_choice(options, all.size()),
                     .max_tokens = std::min(options.max_tokens.value_or(limits.default_max_tokens), room),
                     .stop = options.stop,
                     .log_probabilities = options.log_probabilities});
    }
  }
  return all;
}

ChoiceEvent Completion::next() {
  if (first_) return *std::exchange(first_, std::nullopt);
  for (;;) {
    const auto now = Clock::now();
    if (now >= deadline_)
      throw request_timed_out("the answer took longer than this server allows: ask for fewer tokens");
    if (now >= next_look_at_client_) {
      if (is_client_gone_()) throw ClientGone{};
      next_look_at_client_ = now + between_looks_at_client;
    }
    if (auto event = generations_.next(std::min(deadline_, next_look_at_client_))) {
      take(*event);
      return std::move(*event);
    }
    if (generations_.have_lost_events()) throw request_timed_out("the answer was not read as fast as it was generated");
  }
}

void Completion::take(const ChoiceEvent& event) {
  if (const auto* started = std::get_if<GenerationStarted>(&event.event)) return take_start(event.choice, *started);
  if (const auto* token = std::get_if<GeneratedToken>(&event.event)) return take_token(event.choice, *token);
  auto& answer = answers_[event.choice];
  answer.finished = std::get<GenerationFinished>(event.event);
  answer.text += answer.finished->text;
  answer.tokens = answer.finished->tokens;
  metrics_.add_generated(answer.tokens);
  ++ended_;
  if (!is_whole(*answer.finished)) throw failure(*answer.finished);
}

// Further choices to a prompt share its decode: only its first one counts.
void Completion::take_start(std::size_t choice, const GenerationStarted& started) {
  answers_[choice].started = started;
  if (choice % order_.options.choices != 0) return;
  metrics_.add_prompt(started.prompt_tokens, started.cached_tokens);
  record_.completion.prompt_tokens += started.prompt_tokens;
  record_.completion.cached_tokens += started.cached_tokens;
  if (choice == 0) record_.completion.steering = started.applied;
}

void Completion::take_token(std::size_t choice, const GeneratedToken& token) {
  auto& answer = answers_[choice];
  ++answer.tokens;
  ++record_.completion.completion_tokens;
  answer.text += token.text;
  if (!std::exchange(has_first_token_, true)) metrics_.add_first_token(record_.seconds());
  if (auto scored = score(token, answer)) answer.scores.push_back(std::move(*scored));
}

TokenScore Completion::describe(const TokenLogProbability& token) const {
  return {.bytes = model_.text(std::span(&token.token, 1)), .log_probability = token.log_probability};
}

// The token that ends an answer is none of its text.
std::optional<ScoredToken> Completion::score(const GeneratedToken& token, Answer& answer) const {
  if (!token.log_probability || model_.is_end_of_generation(token.token)) return std::nullopt;
  ScoredToken scored{.chosen = describe(*token.log_probability), .most_likely = {}, .text_offset = answer.characters};
  for (const auto& likely : token.most_likely) scored.most_likely.push_back(describe(likely));
  answer.characters += count_characters(scored.chosen.bytes);
  return scored;
}

std::optional<SteeringEcho> Completion::echo(const Answer& answer) const {
  if (order_.options.steering.empty() || !answer.started) return std::nullopt;
  return SteeringEcho{.applied = answer.started->applied, .predicted = answer.started->predicted};
}

Usage Completion::usage() const {
  return {.prompt_tokens = record_.completion.prompt_tokens,
          .completion_tokens = record_.completion.completion_tokens,
          .cached_tokens = record_.completion.cached_tokens};
}

std::vector<std::string> Completion::texts() const {
  std::vector<std::string> texts;
  for (const auto& answer : answers_) texts.push_back(answer.text);
  return texts;
}

void Completion::wait_for_beginning() { first_ = next(); }

std::string Completion::whole() {
  while (!has_ended()) static_cast<void>(next());
  const bool one_prompt = order_.prompts.size() == 1;
  std::vector<Choice> choices;
  for (auto& answer : answers_) {
    Choice choice{.index = choices.size(), .text = answer.text, .reason = answer.finished->reason};
    if (order_.options.log_probabilities) choice.scores = std::move(answer.scores);
    if (!one_prompt) choice.steering = echo(answer);
    choices.push_back(std::move(choice));
  }
  return writer_.whole(choices, usage(), one_prompt ? echo(answers_.front()) : std::nullopt);
}

std::string Completion::stream(const Write& write) {
  try {
    stream_all(write);
  } catch (const ApiError& error) {
    record_.error = error.code().empty() ? error.type() : error.code();
    return server_sent_event(to_json(error));
  }
  return std::string(last_server_sent_event);
}

void Completion::stream_all(const Write& write) {
  bool is_over = false;
  while (!is_over) {
    const auto event = next();
    write_chunks(event, write);
    is_over = has_ended();
  }
  if (order_.options.include_usage) write(server_sent_event(writer_.usage_chunk(usage())));
}

void Completion::write_chunks(const ChoiceEvent& event, const Write& write) {
  const auto choice = event.choice;
  auto& answer = answers_[choice];
  const auto write_text = [&](const std::string& text) {
    std::optional<std::vector<ScoredToken>> scores;
    if (order_.options.log_probabilities) scores = std::exchange(answer.scores, {});
    if (text.empty() && (!scores || scores->empty())) return;
    write(server_sent_event(writer_.text_chunk(choice, text, scores)));
  };
  if (std::holds_alternative<GenerationStarted>(event.event)) {
    write(server_sent_event(writer_.first_chunk(choice, echo(answer))));
  } else if (const auto* token = std::get_if<GeneratedToken>(&event.event)) {
    write_text(token->text);
  } else {
    const auto& finished = std::get<GenerationFinished>(event.event);
    write_text(finished.text);
    write(server_sent_event(writer_.last_chunk(choice, finished.reason)));
  }
}

}  // namespace w2s::serve
