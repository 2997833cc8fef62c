#include "sweep/naive_executor.h"

#include <utility>
#include <vector>

#include "w2s/decoding.h"

namespace w2s {
namespace {

// One whole prompt, steered or not, and one logit of it.
float logit(Decoder& decoder, const SweepPlan& plan, std::span<const Steering> steerings, Token answer) {
  const auto& prompt = plan.sample->prompt;
  Batch batch;
  batch.scored = {answer};
  for (std::size_t i = 0; i < prompt.size(); ++i)
    batch.rows.push_back({.token = prompt[i], .position = static_cast<std::int32_t>(i)});
  batch.rows.back().wants_logits = true;
  for (const auto& steering : steerings) batch.edits.push_back({.row = prompt.size() - 1, .steering = steering});
  decoder.clear();
  return decoder.decode(batch).logits.front();
}

float propensity(Decoder& decoder, const SweepPlan& plan, std::span<const Steering> steerings) {
  return logit(decoder, plan, steerings, plan.sample->chosen) - logit(decoder, plan, steerings, plan.sample->rejected);
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
  outcome.unsteered = propensity(*decoder_, plan, {});
  outcome.encodings = encodings(*decoder_, plan);
  PromptNeeds needs;
  for (const auto* source : plan.sources) needs.add(source->needs());
  const auto reading = read_prompt(*decoder_, *plan.sample, needs);
  for (const auto& [source, layers, multiplier] : plan.choose ? plan.choose(outcome.encodings) : plan.interventions) {
    std::vector<std::vector<float>> vectors;
    std::vector<Steering> steerings;
    for (const auto& share : layers) {
      vectors.push_back(plan.sources[source]->vector(share.layer, reading));
      steerings.push_back({.layer = share.layer,
                           .scale = multiplier * share.share,
                           .direction = vectors.back(),
                           .operation = plan.operation});
    }
    outcome.steered.push_back(propensity(*decoder_, plan, steerings));
  }
  decoder_->clear();
  return outcome;
}

}  // namespace w2s
