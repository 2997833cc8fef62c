#include "vectors/l2s_kept_networks.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <span>
#include <string_view>
#include <utility>
#include <variant>

#include "vectors/l2s_coordinates.h"
#include "w2s/base.h"

namespace w2s::l2s {
namespace {

constexpr std::string_view origin_key = "w2s.l2s.origin";
// Counted up when networks are trained in another way, so that none of the old way is taken for one of the new.
constexpr int training_version = 1;

std::string hash_of(std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return sha256({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string hash_of_prompts(const RepresentationSet& set, std::size_t context_layer) {
  const std::size_t index = prompt_index(set, context_layer);
  std::vector<float> values;
  for (std::size_t sample = 0; sample < set.samples; ++sample) {
    const auto row = set.prompt(sample, index);
    values.insert(values.end(), row.begin(), row.end());
  }
  return hash_of(values);
}

std::string describe(const RepresentationSet& set) {
  return fmt::format("{} x {} x {}: {}", set.samples, set.layers, set.width, hash_of(set.differences));
}

std::string describe(const MethodOptions& options) {
  return fmt::format("seed {}, hidden width {}, epochs {}, learning rates {}", options.seed, options.hidden_width,
                     options.max_epochs, fmt::join(options.learning_rates, " "));
}

}  // namespace

KeptNetworks::KeptNetworks(const MethodTraining& training, const MethodOptions& options)
    : training_(&training), folder_(options.work_folder) {
  if (folder_.empty()) return;
  std::filesystem::create_directories(folder_);
  common_origin_ = fmt::format("version {}; {}; {}; {}", training_version, describe(options), describe(training.train),
                               describe(training.validation));
}

std::optional<Network> KeptNetworks::read(const NetworkKey& key) {
  if (folder_.empty() || !std::filesystem::exists(path_of(key))) return std::nullopt;
  try {
    const auto file = read_tensor_file(path_of(key));
    if (text_or_empty(file, origin_key) != origin_of(key.context_layer)) return std::nullopt;
    return unstack(file, 1, training_->train.width).front();
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::io) throw;
    return std::nullopt;
  }
}

void KeptNetworks::write(const NetworkKey& key, const Network& network) {
  if (folder_.empty()) return;
  auto file = stack(std::span(&network, 1));
  file.metadata[std::string(origin_key)] = origin_of(key.context_layer);
  write_tensor_file(path_of(key), file);
}

std::filesystem::path KeptNetworks::path_of(const NetworkKey& key) const {
  return folder_ / fmt::format("l2s-{}-{}.gguf", key.context_layer, key.layer);
}

const std::string& KeptNetworks::origin_of(std::size_t context_layer) {
  auto& origin = origins_[context_layer];
  if (origin.empty()) {
    origin = sha256(fmt::format("{}; {}; {}", common_origin_, hash_of_prompts(training_->train, context_layer),
                                hash_of_prompts(training_->validation, context_layer)));
  }
  return origin;
}

}  // namespace w2s::l2s
