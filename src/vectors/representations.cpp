#include "w2s/representations.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <mutex>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/parallel.h"
#include "w2s/tensor_file.h"

namespace w2s {
namespace {

constexpr std::int32_t chosen_sequence = 0;
constexpr std::int32_t rejected_sequence = 1;
// So few are lost by an interruption, and so evenly ranks share them.
constexpr std::size_t samples_per_chunk = 16;
constexpr std::string_view origin_key = "w2s.origin";

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
  batch.scored = {prompt.front()};
  static_cast<void>(decoder.decode(batch));
}

// What one decode of a prompt and its two answers shows.
struct DecodedSample {
  std::vector<float> prompts;  // [prompt layers][width]
  AnswerRepresentations answers;
  float propensity = 0;
};

// The first `shared` tokens are in the decoder's first two sequences; so they are afterwards.
DecodedSample decode_sample(Decoder& decoder, const TokenizedSample& sample, const InputNeeds& needs,
                            std::size_t shared) {
  const auto& info = decoder.model().info();
  Batch batch;
  batch.scored = {sample.chosen, sample.rejected};
  add_prompt_rows(batch, sample.prompt, shared, sample.prompt.size());
  batch.rows.back().wants_logits = true;
  for (const std::size_t layer : needs.prompt_layers) batch.captures.push_back({batch.rows.size() - 1, layer});
  if (needs.answers) {
    add_answer_row(batch, sample.chosen, sample.prompt.size(), chosen_sequence, info.layers);
    add_answer_row(batch, sample.rejected, sample.prompt.size(), rejected_sequence, info.layers);
  }
  const auto decoded = decoder.decode(batch);
  decoder.forget_from(static_cast<std::int32_t>(shared));

  const auto chosen = decoded.captured.begin() + static_cast<std::ptrdiff_t>(needs.prompt_layers.size() * info.width);
  const auto rejected = chosen + (decoded.captured.end() - chosen) / 2;
  return {.prompts = {decoded.captured.begin(), chosen},
          .answers = {.chosen = {chosen, rejected}, .rejected = {rejected, decoded.captured.end()}},
          .propensity = decoded.logits[0] - decoded.logits[1]};
}

std::vector<float> difference_of(const AnswerRepresentations& answers) {
  std::vector<float> difference(answers.chosen.size());
  std::ranges::transform(answers.chosen, answers.rejected, difference.begin(), std::minus<>());
  return difference;
}

// What a set keeps of one sample.
struct SampleReading {
  std::vector<float> prompts;     // [prompt layers][width]
  std::vector<float> difference;  // [layers][width]
  float propensity = 0;
};

// What reads samples, several at once on each of its threads.
struct ReadingMachine {
  const Model* model;
  std::string name;  // of whatever decides the last digits, but for the model
  std::size_t shared_prefix;
  std::size_t threads;
  std::size_t samples_at_once;
  std::function<std::vector<SampleReading>(std::size_t thread, std::span<const TokenizedSample* const>)> read;
};

// What a chunk's numbers come from, in short: a folder may hold chunks of other samples, layers or models. A model's
// file is known by its time, because hashing gigabytes would take longer than what is saved.
std::string origin_of(const ReadingMachine& machine, std::span<const TokenizedSample> chunk,
                      std::span<const std::size_t> prompt_layers) {
  const auto& path = machine.model->path();
  const auto& info = machine.model->info();
  std::error_code ignored;
  const auto written = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  auto text = fmt::format("{}|{}|{}|{}|{}|{}|{}|", machine.name, path.string(), written, info.architecture,
                          info.parameters, info.bytes, machine.shared_prefix);
  fmt::format_to(std::back_inserter(text), "{}", fmt::join(prompt_layers, ","));
  for (const auto& sample : chunk)
    fmt::format_to(std::back_inserter(text), "|{}:{}/{}", fmt::join(sample.prompt, ","), sample.chosen,
                   sample.rejected);
  return sha256(text);
}

void make_folder(const std::filesystem::path& folder) {
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::io, fmt::format("cannot make the folder {}: {}", folder.string(), failure.message()));
}

// A share of a set that is filled sample by sample from several threads, chunk by chunk kept on disk.
class SetInProgress {
 public:
  /// `origin_of_samples(begin, count)` says what the numbers of some samples come from.
  SetInProgress(RepresentationSet& set, Share share, std::filesystem::path work_folder,
                std::function<std::string(std::size_t, std::size_t)> origin_of_samples)
      : set_(&set),
        work_folder_(std::move(work_folder)),
        origin_of_samples_(std::move(origin_of_samples)),
        left_((set.samples + samples_per_chunk - 1) / samples_per_chunk) {
    set.differences.resize(set.samples * difference_size());
    set.prompts.resize(set.samples * prompts_size());
    set.propensity.resize(set.samples);
    for (std::size_t chunk = 0; chunk < left_.size(); ++chunk) {
      if (!share.has(chunk)) continue;
      total_ += samples_in(chunk);
      left_[chunk] = read_chunk(chunk) ? 0 : samples_in(chunk);
    }
  }

  /// Samples of the share.
  [[nodiscard]] std::size_t total() const { return total_; }

  /// Samples that are not there yet.
  [[nodiscard]] std::vector<std::size_t> missing() const {
    std::vector<std::size_t> samples;
    for (std::size_t sample = 0; sample < set_->samples; ++sample)
      if (left_[sample / samples_per_chunk] > 0) samples.push_back(sample);
    return samples;
  }

  void add(std::size_t sample, const SampleReading& reading) {
    std::ranges::copy(reading.difference, at(set_->differences, sample * difference_size()));
    std::ranges::copy(reading.prompts, at(set_->prompts, sample * prompts_size()));
    set_->propensity[sample] = reading.propensity;
    const std::lock_guard lock(mutex_);
    const std::size_t chunk = sample / samples_per_chunk;
    if (--left_[chunk] == 0) write_chunk(chunk);
  }

 private:
  [[nodiscard]] static std::vector<float>::iterator at(std::vector<float>& values, std::size_t offset) {
    return values.begin() + static_cast<std::ptrdiff_t>(offset);
  }
  [[nodiscard]] std::size_t difference_size() const { return set_->layers * set_->width; }
  [[nodiscard]] std::size_t prompts_size() const { return set_->prompt_layers.size() * set_->width; }
  [[nodiscard]] static std::size_t first_of(std::size_t chunk) { return chunk * samples_per_chunk; }
  [[nodiscard]] std::size_t samples_in(std::size_t chunk) const {
    return std::min(samples_per_chunk, set_->samples - first_of(chunk));
  }
  [[nodiscard]] std::filesystem::path path_of(std::size_t chunk) const {
    return work_folder_ / fmt::format("representations-{}.gguf", chunk);
  }

  // What a chunk's file holds: name, whole array, numbers a sample.
  struct Part {
    std::string name;
    std::vector<float>* values;
    std::size_t size;
  };
  [[nodiscard]] std::vector<Part> parts() const {
    return {{"differences", &set_->differences, difference_size()},
            {"prompts", &set_->prompts, prompts_size()},
            {"propensity", &set_->propensity, 1}};
  }

  [[nodiscard]] std::string origin(std::size_t chunk) const {
    return origin_of_samples_(first_of(chunk), samples_in(chunk));
  }

  [[nodiscard]] bool read_chunk(std::size_t chunk) {
    if (work_folder_.empty() || !std::filesystem::exists(path_of(chunk))) return false;
    TensorFile file;
    try {
      file = read_tensor_file(path_of(chunk));
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::data) return false;  // damaged: decoded again
      throw;
    }
    const auto found = file.metadata.find(std::string(origin_key));
    if (found == file.metadata.end() || found->second != MetadataValue(origin(chunk))) return false;
    for (const auto& [name, values, size] : parts()) {
      const auto tensor = file.tensors.find(name);
      if (tensor == file.tensors.end() || tensor->second.values.size() != samples_in(chunk) * size) return false;
      std::ranges::copy(tensor->second.values, at(*values, first_of(chunk) * size));
    }
    return true;
  }

  void write_chunk(std::size_t chunk) const {
    if (work_folder_.empty()) return;
    TensorFile file;
    file.metadata[std::string(origin_key)] = origin(chunk);
    for (const auto& [name, values, size] : parts()) {
      const auto begin = at(*values, first_of(chunk) * size);
      const std::size_t count = samples_in(chunk) * size;
      file.tensors[name] = {.shape = {count}, .values = {begin, begin + static_cast<std::ptrdiff_t>(count)}};
    }
    write_tensor_file(path_of(chunk), file);
  }

  RepresentationSet* set_;
  std::filesystem::path work_folder_;
  std::function<std::string(std::size_t, std::size_t)> origin_of_samples_;
  std::mutex mutex_;
  std::vector<std::size_t> left_;  // [chunks]: samples still to read
  std::size_t total_ = 0;
};

RepresentationSet read_share(const ReadingMachine& machine, std::span<const TokenizedSample> samples,
                             std::span<const std::size_t> prompt_layers, Share share, const Job& job,
                             const std::filesystem::path& work_folder) {
  const auto& info = machine.model->info();
  RepresentationSet set{.samples = samples.size(),
                        .layers = info.layers,
                        .width = info.width,
                        .prompt_layers = {prompt_layers.begin(), prompt_layers.end()}};
  if (!work_folder.empty()) make_folder(work_folder);
  SetInProgress progress(set, share, work_folder, [&](std::size_t begin, std::size_t count) {
    return origin_of(machine, samples.subspan(begin, count), prompt_layers);
  });
  const auto missing = progress.missing();
  const std::size_t resumed = progress.total() - missing.size();
  run_parallel_together(
      {.stage = "representations", .done = resumed, .total = progress.total(), .resumed = resumed}, machine.threads,
      machine.samples_at_once,
      [&](std::size_t thread, std::size_t first, std::size_t count) {
        std::vector<const TokenizedSample*> together;
        for (std::size_t i = first; i < first + count; ++i) together.push_back(&samples[missing[i]]);
        const auto readings = machine.read(thread, together);
        for (std::size_t i = 0; i < count; ++i) progress.add(missing[first + i], readings[i]);
      },
      part_of(job, share));
  return set;
}

void require(std::span<const TokenizedSample> samples) {
  if (samples.empty()) throw Error(ErrorKind::data, "no samples to take steering vectors from");
}

// One sample a decoder at a time. What all prompts begin with is decoded once by each decoder, when it is needed.
RepresentationSet read_share(std::span<Decoder> decoders, std::span<const TokenizedSample> samples,
                             std::span<const std::size_t> prompt_layers, Share share, const Job& job,
                             const std::filesystem::path& work_folder) {
  require(samples);
  const std::size_t shared = common_prefix_length(samples);
  const InputNeeds needs{.prompt_layers = {prompt_layers.begin(), prompt_layers.end()}, .answers = true};
  std::vector<char> holds_prefix(decoders.size(), 0);  // each touched by one thread
  const auto read = [&](std::size_t thread, std::span<const TokenizedSample* const> together) {
    auto& decoder = decoders[thread];
    if (!std::exchange(holds_prefix[thread], 1)) decode_prefix(decoder, samples.front().prompt, shared);
    std::vector<SampleReading> readings;
    for (const auto* sample : together) {
      auto decoded = decode_sample(decoder, *sample, needs, shared);
      readings.push_back({std::move(decoded.prompts), difference_of(decoded.answers), decoded.propensity});
    }
    return readings;
  };
  auto set = read_share({.model = &decoders.front().model(),
                         .name = "decoder",
                         .shared_prefix = shared,
                         .threads = decoders.size(),
                         .samples_at_once = 1,
                         .read = read},
                        samples, prompt_layers, share, job, work_folder);
  for (auto& decoder : decoders) decoder.clear();
  return set;
}

RepresentationSet read_share(std::span<PromptReader> readers, std::span<const TokenizedSample> samples,
                             std::span<const std::size_t> prompt_layers, Share share, const Job& job,
                             const std::filesystem::path& work_folder) {
  require(samples);
  const auto read = [&](std::size_t thread, std::span<const TokenizedSample* const> together) {
    auto& reader = readers[thread];
    auto states = reader.read(together, true);
    std::vector<SampleReading> readings;
    for (std::size_t i = 0; i < states.size(); ++i) {
      auto& reading = readings.emplace_back();
      for (const std::size_t layer : prompt_layers)
        reading.prompts.insert(reading.prompts.end(), states[i].last.at(layer).begin(), states[i].last.at(layer).end());
      reading.difference = states[i].difference;
      reading.propensity = states[i].propensity;
      reader.keep(*together[i], std::move(states[i]));
    }
    return readings;
  };
  return read_share({.model = &readers.front().model().model(),
                     .name = "layerwise",
                     .shared_prefix = readers.front().pass().shared_prefix,
                     .threads = readers.size(),
                     .samples_at_once = PromptReader::prompts_at_once,
                     .read = read},
                    samples, prompt_layers, share, job, work_folder);
}

}  // namespace

InputRepresentation RepresentationSet::input(std::size_t sample) const {
  InputRepresentation input;
  for (std::size_t i = 0; i < prompt_layers.size(); ++i) {
    const auto row = prompt(sample, i);
    input.prompt[prompt_layers[i]] = {row.begin(), row.end()};
  }
  const auto rows = std::span(differences).subspan(sample * layers * width, layers * width);
  input.difference = {rows.begin(), rows.end()};
  return input;
}

AnswerRepresentations answer_representations(Decoder& decoder, const TokenizedSample& sample) {
  decoder.clear();
  auto reading = decode_sample(decoder, sample, {.prompt_layers = {}, .answers = true}, 0);
  decoder.clear();
  return std::move(reading.answers);
}

RepresentationSet read_representations(std::span<Decoder> decoders, std::span<const TokenizedSample> samples,
                                       std::span<const std::size_t> prompt_layers, const Job& job,
                                       const std::filesystem::path& work_folder) {
  return read_share(decoders, samples, prompt_layers, {}, job, work_folder);
}

RepresentationSet read_representations(std::span<PromptReader> readers, std::span<const TokenizedSample> samples,
                                       std::span<const std::size_t> prompt_layers, const Job& job,
                                       const std::filesystem::path& work_folder) {
  return read_share(readers, samples, prompt_layers, {}, job, work_folder);
}

void decode_representations(std::span<Decoder> decoders, std::span<const TokenizedSample> samples,
                            std::span<const std::size_t> prompt_layers, Share share,
                            const std::filesystem::path& work_folder, const Job& job) {
  static_cast<void>(read_share(decoders, samples, prompt_layers, share, job, work_folder));
}

void decode_representations(std::span<PromptReader> readers, std::span<const TokenizedSample> samples,
                            std::span<const std::size_t> prompt_layers, Share share,
                            const std::filesystem::path& work_folder, const Job& job) {
  static_cast<void>(read_share(readers, samples, prompt_layers, share, job, work_folder));
}

InputRepresentation read_input(Decoder& decoder, const TokenizedSample& sample, const InputNeeds& needs) {
  if (!needs.answers && needs.prompt_layers.empty()) return {};
  const auto& info = decoder.model().info();
  decoder.clear();
  const auto reading = decode_sample(decoder, sample, needs, 0);
  decoder.clear();
  InputRepresentation input;
  for (std::size_t i = 0; i < needs.prompt_layers.size(); ++i) {
    const auto row = std::span(reading.prompts).subspan(i * info.width, info.width);
    input.prompt[needs.prompt_layers[i]] = {row.begin(), row.end()};
  }
  if (needs.answers) input.difference = difference_of(reading.answers);
  return input;
}

}  // namespace w2s
