#include "w2s/caa.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <mutex>
#include <utility>

#include "w2s/error.h"
#include "w2s/parallel.h"

namespace w2s {
namespace {

constexpr std::int32_t chosen_sequence = 0;
constexpr std::int32_t rejected_sequence = 1;

void add_prompt_rows(Batch& batch, std::span<const Token> prompt, std::size_t begin, std::size_t end) {
  for (std::size_t i = begin; i < end; ++i) {
    batch.rows.push_back(
        {.token = prompt[i], .position = static_cast<std::int32_t>(i), .sequence = chosen_sequence, .sequences = 2});
  }
}

void add_answer_row(Batch& batch, Token token, std::size_t position, std::int32_t sequence, std::size_t layers) {
  for (std::size_t layer = 0; layer < layers; ++layer) batch.captures.push_back({batch.rows.size(), layer});
  batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(position), .sequence = sequence});
}

void decode_prefix(Decoder& decoder, std::span<const Token> prompt, std::size_t length) {
  decoder.clear();
  if (length == 0) return;
  Batch batch;
  add_prompt_rows(batch, prompt, 0, length);
  static_cast<void>(decoder.decode(batch));
}

// Sums what threads find in the order of the samples, so that rounding does not depend on which thread was faster.
class OrderedSum {
 public:
  explicit OrderedSum(std::size_t size) : sum_(size, 0.0) {}

  void add(std::size_t index, AnswerRepresentations representations) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(index, std::move(representations));
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == next_; first = waiting_.begin()) {
      for (std::size_t k = 0; k < sum_.size(); ++k)
        sum_[k] += static_cast<double>(first->second.chosen[k]) - static_cast<double>(first->second.rejected[k]);
      waiting_.erase(first);
      ++next_;
    }
  }

  [[nodiscard]] std::vector<float> mean(std::size_t count) const {
    std::vector<float> mean(sum_.size());
    std::ranges::transform(sum_, mean.begin(),
                           [&](double value) { return static_cast<float>(value / static_cast<double>(count)); });
    return mean;
  }

 private:
  std::mutex mutex_;
  std::map<std::size_t, AnswerRepresentations> waiting_;
  std::size_t next_ = 0;
  std::vector<double> sum_;
};

}  // namespace

AnswerRepresentations answer_representations(Decoder& decoder, const TokenizedSample& sample, std::size_t shared) {
  const auto& info = decoder.model().info();
  Batch batch;
  batch.scored = {sample.chosen};
  add_prompt_rows(batch, sample.prompt, shared, sample.prompt.size());
  add_answer_row(batch, sample.chosen, sample.prompt.size(), chosen_sequence, info.layers);
  add_answer_row(batch, sample.rejected, sample.prompt.size(), rejected_sequence, info.layers);
  auto decoded = decoder.decode(batch);
  decoder.forget_from(static_cast<std::int32_t>(shared));

  const auto half = decoded.captured.begin() + static_cast<std::ptrdiff_t>(info.layers * info.width);
  return {.chosen = {decoded.captured.begin(), half}, .rejected = {half, decoded.captured.end()}};
}

SteeringVectors caa_vectors(std::span<Decoder> decoders, std::span<const TokenizedSample> samples, const Job& job) {
  if (samples.empty()) throw Error(ErrorKind::data, "no samples to take steering vectors from");
  const auto& info = decoders.front().model().info();
  const std::size_t shared = common_prefix_length(samples);
  for (auto& decoder : decoders) decode_prefix(decoder, samples.front().prompt, shared);

  OrderedSum sum(info.layers * info.width);
  run_parallel(
      {.stage = "steering vectors", .total = samples.size()}, decoders.size(),
      [&](std::size_t worker, std::size_t i) {
        sum.add(i, answer_representations(decoders[worker], samples[i], shared));
      },
      job);
  for (auto& decoder : decoders) decoder.clear();
  return {.method = "caa",
          .model_architecture = info.architecture,
          .layers = info.layers,
          .width = info.width,
          .values = sum.mean(samples.size()),
          .notes = {}};
}

}  // namespace w2s
