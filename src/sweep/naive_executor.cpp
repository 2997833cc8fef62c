#include <optional>
#include <utility>
#include <vector>

#include "sweep/steered_rows.h"
#include "w2s/representations.h"
#include "w2s/sweep_executor.h"

namespace w2s {
namespace {

// What is done at the last token of a prompt.
struct Steering {
  Intervention intervention;
  std::vector<float> vector;
};

// One whole prompt, steered or not, and one logit of it.
float logit(Decoder& decoder, const SweepPlan& plan, const std::optional<Steering>& steering, Token answer) {
  const auto& prompt = plan.sample->prompt;
  Batch batch;
  batch.scored = {answer};
  for (std::size_t i = 0; i < prompt.size(); ++i)
    batch.rows.push_back({.token = prompt[i], .position = static_cast<std::int32_t>(i)});
  batch.rows.back().wants_logits = true;
  if (steering) {
    batch.edits.push_back({.row = prompt.size() - 1,
                           .layer = steering->intervention.layer,
                           .scale = steering->intervention.multiplier,
                           .direction = steering->vector,
                           .operation = plan.operation});
  }
  decoder.clear();
  return decoder.decode(batch).logits.front();
}

float propensity(Decoder& decoder, const SweepPlan& plan, const std::optional<Steering>& steering) {
  return logit(decoder, plan, steering, plan.sample->chosen) - logit(decoder, plan, steering, plan.sample->rejected);
}

std::vector<std::vector<float>> encodings(Decoder& decoder, const SweepPlan& plan) {
  const auto& prompt = plan.sample->prompt;
  std::vector<std::vector<float>> encodings;
  for (const auto& encoder : plan.encoders) {
    Batch batch;
    batch.scored = {plan.sample->chosen};
    for (std::size_t i = 0; i < prompt.size(); ++i) {
      batch.rows.push_back({.token = prompt[i], .position = static_cast<std::int32_t>(i)});
      if (encoder.pooling == Pooling::mean || i + 1 == prompt.size()) batch.captures.push_back({i, encoder.layer});
    }
    decoder.clear();
    const auto decoded = decoder.decode(batch);
    std::vector<double> sum(decoded.width, 0.0);
    for (std::size_t c = 0; c < batch.captures.size(); ++c)
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(decoded.capture(c)[i]);
    auto& encoding = encodings.emplace_back();
    for (const double value : sum)
      encoding.push_back(static_cast<float>(value / static_cast<double>(batch.captures.size())));
  }
  return encodings;
}

}  // namespace

SweepOutcome NaiveExecutor::run(const SweepPlan& plan) {
  SweepOutcome outcome;
  outcome.unsteered = propensity(*decoder_, plan, std::nullopt);
  outcome.encodings = encodings(*decoder_, plan);
  const auto interventions = plan.choose ? plan.choose(outcome.encodings) : plan.interventions;
  const auto input = read_input(*decoder_, *plan.sample, common_needs(plan));
  for (const auto* source : plan.sources) {
    auto& steered = outcome.steered.emplace_back();
    for (const auto& intervention : interventions)
      steered.push_back(propensity(*decoder_, plan, Steering{intervention, source->vector(intervention.layer, input)}));
  }
  decoder_->clear();
  return outcome;
}

}  // namespace w2s
