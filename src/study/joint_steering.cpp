#include "study/joint_steering.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <utility>

namespace w2s {
namespace {

// One steered row of a sample: which of the results it is for.
struct JointRow {
  std::size_t steering;
  std::size_t multiplier;
};

class JointRows {
 public:
  JointRows(Decoder& decoder, const TokenizedSample& sample, std::span<const JointSteering> steerings,
            std::span<const float> multipliers, SteeringOperator operation)
      : decoder_(decoder),
        sample_(sample),
        steerings_(steerings),
        multipliers_(multipliers),
        operation_(operation),
        propensities_(steerings.size(), std::vector<float>(multipliers.size())) {}

  std::vector<std::vector<float>> run() {
    decoder_.clear();
    read_prompt();
    const auto rows = steered_rows();
    const std::size_t at_once = decoder_.options().sequences;
    for (std::size_t first = 0; first < rows.size(); first += at_once)
      decode(std::span(rows).subspan(first, std::min(at_once, rows.size() - first)));
    decoder_.clear();
    return std::move(propensities_);
  }

 private:
  [[nodiscard]] Row last_token(std::int32_t sequence) const {
    return {.token = sample_.prompt.back(),
            .position = static_cast<std::int32_t>(sample_.prompt.size() - 1),
            .sequence = sequence,
            .wants_logits = true};
  }

  [[nodiscard]] Decoded decode_and_forget(Batch batch) const {
    batch.scored = {sample_.chosen, sample_.rejected};
    auto decoded = decoder_.decode(batch);
    decoder_.forget_from(static_cast<std::int32_t>(sample_.prompt.size() - 1));
    return decoded;
  }

  static float propensity(const Decoded& decoded, std::size_t row) {
    const auto logits = decoded.row_logits(row);
    return logits[0] - logits[1];
  }

  // Afterwards every sequence holds the prompt but for its last token.
  void read_prompt() {
    Batch batch;
    for (std::size_t i = 0; i + 1 < sample_.prompt.size(); ++i) {
      batch.rows.push_back({.token = sample_.prompt[i],
                            .position = static_cast<std::int32_t>(i),
                            .sequence = 0,
                            .sequences = static_cast<std::int32_t>(decoder_.options().sequences)});
    }
    std::set<std::size_t> layers;
    for (const auto& steering : steerings_)
      for (const std::size_t layer : steering.source->needs().prompt_layers) layers.insert(layer);
    for (const std::size_t layer : layers) batch.captures.push_back({.row = batch.rows.size(), .layer = layer});
    batch.rows.push_back(last_token(0));
    const auto decoded = decode_and_forget(std::move(batch));
    unsteered_ = propensity(decoded, 0);
    std::size_t capture = 0;
    for (const std::size_t layer : layers) {
      const auto values = decoded.capture(capture++);
      input_.prompt[layer] = {values.begin(), values.end()};
    }
  }

  // Where a multiplier of 0 changes nothing, the unsteered row stands for it.
  std::vector<JointRow> steered_rows() {
    std::vector<JointRow> rows;
    for (std::size_t s = 0; s < steerings_.size(); ++s) {
      for (std::size_t m = 0; m < multipliers_.size(); ++m) {
        if (multipliers_[m] == 0 && is_identity_at_zero(operation_)) {
          propensities_[s][m] = unsteered_;
        } else {
          rows.push_back({.steering = s, .multiplier = m});
        }
      }
    }
    return rows;
  }

  void decode(std::span<const JointRow> rows) {
    Batch batch;
    for (const auto& row : rows) {
      for (const auto& share : steerings_[row.steering].shares) {
        batch.edits.push_back({.row = batch.rows.size(),
                               .layer = share.layer,
                               .scale = multipliers_[row.multiplier] * share.share,
                               .direction = vector(*steerings_[row.steering].source, share.layer),
                               .operation = operation_});
      }
      batch.rows.push_back(last_token(static_cast<std::int32_t>(batch.rows.size())));
    }
    const auto decoded = decode_and_forget(std::move(batch));
    for (std::size_t i = 0; i < rows.size(); ++i)
      propensities_[rows[i].steering][rows[i].multiplier] = propensity(decoded, i);
  }

  std::span<const float> vector(const VectorSource& source, std::size_t layer) {
    const auto [entry, is_new] = vectors_.try_emplace({&source, layer});
    if (is_new) entry->second = source.vector(layer, input_);
    return entry->second;
  }

  Decoder& decoder_;
  const TokenizedSample& sample_;
  std::span<const JointSteering> steerings_;
  std::span<const float> multipliers_;
  SteeringOperator operation_;
  float unsteered_ = 0;
  InputRepresentation input_;
  std::map<std::pair<const VectorSource*, std::size_t>, std::vector<float>> vectors_;
  std::vector<std::vector<float>> propensities_;
};

}  // namespace

std::vector<std::vector<float>> joint_propensities(Decoder& decoder, const TokenizedSample& sample,
                                                   std::span<const JointSteering> steerings,
                                                   std::span<const float> multipliers, SteeringOperator operation) {
  return JointRows(decoder, sample, steerings, multipliers, operation).run();
}

}  // namespace w2s
