#include "results/prompt_embeddings.h"

#include <fmt/format.h>

#include "results/embeddings_file.h"
#include "w2s/base.h"

namespace w2s {

void PromptEmbeddings::add(SweepKey key, std::span<const float> embedding) {
  const auto [row, is_new] = rows_.emplace(key, values_.size() / width_);
  if (is_new) values_.insert(values_.end(), embedding.begin(), embedding.end());
}

std::span<const float> PromptEmbeddings::of(SweepKey key) const {
  const auto row = rows_.find(key);
  if (row != rows_.end()) return std::span(values_).subspan(row->second * width_, width_);
  throw Error(
      ErrorKind::results,
      fmt::format("sample {} in {} was not embedded with {}: run the study again with it (`w2s run --embed-with`)",
                  key.sample, to_string(key.variant), encoder_));
}

PromptEmbeddings read_prompt_embeddings(const std::filesystem::path& path, const std::string& data) {
  const auto file = read_embeddings_file(path);
  if (!data.empty() && data != file.data) {
    throw Error(ErrorKind::results,
                fmt::format("{}: is of other data than the sweep beside it; delete it", path.string()));
  }
  PromptEmbeddings embeddings(file.encoder, file.width);
  for (const auto& [variant, rows] : file.variants) {
    for (std::size_t i = 0; i < rows.samples.size(); ++i) {
      embeddings.add({.sample = rows.samples[i], .variant = variant},
                     std::span(rows.values).subspan(i * file.width, file.width));
    }
  }
  return embeddings;
}

}  // namespace w2s
