// embeddings.<encoder>.gguf: what a text encoder made of the prompts of one behaviour.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "w2s/data.h"
#include "w2s/results.h"

namespace w2s {

struct EmbeddingsFile {
  std::string encoder;   ///< TextEncoder::name
  std::string identity;  ///< TextEncoder::identity
  std::string data;      ///< content hash of the behaviour
  std::size_t width = 0;
  struct Variant {
    std::vector<std::size_t> samples;  ///< ascending
    std::vector<float> values;         ///< [samples][width]
  };
  std::map<PromptVariant, Variant> variants = {};
};

/// Throws Error{io}; Error{results} for a file of another kind or with parts missing.
[[nodiscard]] EmbeddingsFile read_embeddings_file(const std::filesystem::path& path);
/// The file appears whole or not at all.
void write_embeddings_file(const std::filesystem::path& path, const EmbeddingsFile& embeddings);

/// The names of the text encoders whose embeddings a behaviour's folder has, in alphabetical order.
[[nodiscard]] std::vector<std::string> embedded_encoders(const BehaviorFolder& folder);

}  // namespace w2s
