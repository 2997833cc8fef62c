#include "generate/generation.h"

#include <algorithm>
#include <utility>

namespace w2s {

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
    case FinishReason::failed:
      break;
  }
  return "failed";
}

Generation::Generation(GenerationId id, GenerationRequest request, PreparedSteering steering, GenerationSink sink,
                       const Model& model)
    : id_(id),
      request_(std::move(request)),
      steering_(std::move(steering)),
      sink_(std::move(sink)),
      model_(model),
      text_(model, request_.stop) {
  if (needs().empty()) resolve({});
}

void Generation::begin(std::size_t sequence) {
  sequence_ = sequence;
  sampler_.emplace(model_, request_.sampling, request_.prompt);
}

bool Generation::has_read_all_at(std::size_t layer) const {
  const auto is_read = [layer](const std::set<std::size_t>& layers) {
    return layers.empty() || *layers.rbegin() <= layer;
  };
  return is_read(needs().last) && is_read(needs().means);
}

bool Generation::can_be_steered_from(std::size_t layer) const {
  return std::ranges::all_of(steerings(), [layer](const Steering& steering) { return steering.layer >= layer; });
}

GeneratedToken Generation::describe(Token token, std::span<const float> logits) const {
  GeneratedToken generated{.token = token, .text = {}};
  if (!request_.log_probabilities) return generated;
  const LogProbabilities probabilities(logits);
  generated.log_probability = probabilities.of(token);
  generated.most_likely = probabilities.most_likely(*request_.log_probabilities);
  return generated;
}

void Generation::emit_started() {
  sink_(GenerationStarted{.applied = resolved_->applied,
                          .predicted = resolved_->predicted,
                          .prompt_tokens = request_.prompt.size(),
                          .cached_tokens = cached_});
}

std::optional<FinishReason> Generation::accept(std::span<const float> logits) {
  const Token token = sampler_->sample(logits);
  if (tokens_ == 0) emit_started();
  if (is_cancelled_) return FinishReason::cancelled;
  ++tokens_;
  next_ = token;
  auto generated = describe(token, logits);
  if (!model_.is_end_of_generation(token)) generated.text = text_.add(token);
  sink_(generated);
  return is_cancelled_ ? FinishReason::cancelled : reason_to_end(token);
}

std::optional<FinishReason> Generation::reason_to_end(Token token) const {
  if (model_.is_end_of_generation(token) || text_.stopped_at()) return FinishReason::stop;
  if (tokens_ == request_.max_tokens) return FinishReason::length;
  return std::nullopt;
}

void Generation::finish(FinishReason reason, const std::optional<Error>& error) {
  is_finished_ = true;
  GenerationFinished finished{.reason = reason, .text = text_.finish(), .stop = text_.stopped_at(), .tokens = tokens_};
  if (error) {
    finished.message = error->what();
    finished.error = error->kind();
  }
  sink_(finished);
}

}  // namespace w2s
