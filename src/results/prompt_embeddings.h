// What the layer predictor sees of each prompt of a behaviour, whichever encoder it is that saw it.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "w2s/sweep.h"

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

/// What a text encoder's file holds. Throws Error{results} if it is of other data than `data`, the content hash (empty:
/// unknown).
[[nodiscard]] PromptEmbeddings read_prompt_embeddings(const std::filesystem::path& path, const std::string& data);

}  // namespace w2s
