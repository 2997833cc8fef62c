#include "w2s/vectors.h"

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

#include "base/parallel.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

// So few are lost by an interruption, and so evenly ranks share them.
constexpr std::size_t samples_per_chunk = 16;
constexpr std::string_view origin_key = "w2s.origin";

// What a chunk's numbers come from, in short: a folder may hold chunks of other samples, layers or models. A model's
// file is known by its time, because hashing gigabytes would take longer than what is saved.
std::string origin_of(const PromptReader& reader, std::size_t shared_prefix, std::span<const TokenizedSample> chunk,
                      std::span<const std::size_t> prompt_layers) {
  const auto& path = reader.model().path();
  const auto& info = reader.model().info();
  std::error_code ignored;
  const auto written = std::filesystem::last_write_time(path, ignored).time_since_epoch().count();
  auto text = fmt::format("{}|{}|{}|{}|{}|{}|{}|", reader.name(), path.string(), written, info.architecture,
                          info.parameters, info.bytes, shared_prefix);
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

  void add(std::size_t sample, const PromptReading& reading) {
    std::ranges::copy(reading.difference, at(set_->differences, sample * difference_size()));
    auto place = at(set_->prompts, sample * prompts_size());
    for (const std::size_t layer : set_->prompt_layers) place = std::ranges::copy(reading.last.at(layer), place).out;
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
      if (error.kind() == ErrorKind::data) return false;  // damaged: read again
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

RepresentationSet read_share(PromptReaders readers, std::span<const TokenizedSample> samples,
                             const RepresentationRequest& request, Share share, const Job& job,
                             const std::filesystem::path& work_folder) {
  if (samples.empty()) throw Error(ErrorKind::data, "no samples to take steering vectors from");
  const std::size_t shared = request.shared_prefix.value_or(common_prefix_length(samples));
  for (const auto& reader : readers)
    reader->begin_with(std::span(samples.front().prompt).first(shared),
                       {.last = {request.prompt_layers.begin(), request.prompt_layers.end()},
                        .means = request.mean_layers,
                        .answers = true});
  const auto& first = *readers.front();
  const auto& info = first.model().info();
  RepresentationSet set{
      .samples = samples.size(), .layers = info.layers, .width = info.width, .prompt_layers = request.prompt_layers};
  if (!work_folder.empty()) make_folder(work_folder);
  SetInProgress progress(set, share, work_folder, [&](std::size_t begin, std::size_t count) {
    return origin_of(first, shared, samples.subspan(begin, count), request.prompt_layers);
  });
  const auto missing = progress.missing();
  const std::size_t resumed = progress.total() - missing.size();
  run_parallel_together(
      {.stage = "representations", .done = resumed, .total = progress.total(), .resumed = resumed}, readers.size(),
      first.prompts_at_once(),
      [&](std::size_t thread, std::size_t begin, std::size_t count) {
        std::vector<const TokenizedSample*> together;
        for (std::size_t i = begin; i < begin + count; ++i) together.push_back(&samples[missing[i]]);
        const auto readings = readers[thread]->read(together);
        for (std::size_t i = 0; i < count; ++i) progress.add(missing[begin + i], readings[i]);
      },
      part_of(job, share));
  return set;
}

}  // namespace

PromptReading RepresentationSet::input(std::size_t sample) const {
  PromptReading input;
  for (std::size_t i = 0; i < prompt_layers.size(); ++i) {
    const auto row = prompt(sample, i);
    input.last[prompt_layers[i]] = {row.begin(), row.end()};
  }
  const auto rows = std::span(differences).subspan(sample * layers * width, layers * width);
  input.difference = {rows.begin(), rows.end()};
  return input;
}

RepresentationSet read_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                       const RepresentationRequest& request, const Job& job,
                                       const std::filesystem::path& work_folder) {
  return read_share(readers, samples, request, {}, job, work_folder);
}

void read_share_of_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                   const RepresentationRequest& request, Share share,
                                   const std::filesystem::path& work_folder, const Job& job) {
  static_cast<void>(read_share(readers, samples, request, share, job, work_folder));
}

}  // namespace w2s
