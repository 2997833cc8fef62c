// What the layer predictor sees of each prompt of a behaviour, whichever encoder it is that saw it.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "w2s/study.h"
#include "w2s/sweep_store.h"

namespace w2s {

/// The embeddings of prompts by one encoder.
class PromptEmbeddings {
 public:
  PromptEmbeddings(std::string encoder, std::size_t width) : encoder_(std::move(encoder)), width_(width) {}

  void add(SweepKey key, std::span<const float> embedding);

  [[nodiscard]] const std::string& encoder() const { return encoder_; }
  [[nodiscard]] std::size_t width() const { return width_; }
  [[nodiscard]] bool contains(SweepKey key) const { return rows_.contains(key); }
  /// Throws Error{results} if that prompt was not embedded.
  [[nodiscard]] std::span<const float> of(SweepKey key) const;

 private:
  std::string encoder_;
  std::size_t width_;
  std::map<SweepKey, std::size_t> rows_;
  std::vector<float> values_;  // [rows][width]
};

/// The names of all encoders that a behaviour's folder has: those of the sweep, then the text encoders'.
[[nodiscard]] std::vector<std::string> encoders_in(const BehaviorFolder& folder, const SweepStoreHeader& header);

/// The one of them that a user's name stands for. Throws Error{usage} that lists them if it is none.
[[nodiscard]] std::string find_encoder(const BehaviorFolder& folder, const SweepStoreHeader& header,
                                       const std::string& name);

/// What an encoder of the folder saw: of the prompts of `records`, or, a text encoder, of all that were embedded.
/// Throws Error{usage} as find_encoder does, Error{results} if the embeddings there are of other data.
[[nodiscard]] PromptEmbeddings embeddings_of(const BehaviorFolder& folder, const SweepStoreHeader& header,
                                             std::span<const SweepRecord> records, const std::string& encoder);

}  // namespace w2s
