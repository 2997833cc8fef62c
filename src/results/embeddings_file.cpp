#include "results/embeddings_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "base/values.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr const char* architecture_key = "general.architecture";
constexpr const char* architecture = "w2s-embeddings";
constexpr std::string_view key_prefix = "w2s.embeddings.";

std::string key(std::string_view name) { return fmt::format("{}{}", key_prefix, name); }

std::string samples_key(PromptVariant variant) { return key(fmt::format("{}.samples", to_string(variant))); }

[[noreturn]] void refuse(const fs::path& path, std::string_view why) {
  throw Error(ErrorKind::results, fmt::format("{}: {}; delete it to embed the prompts again", path.string(), why));
}

template <typename T>
const T& get(const TensorFile& file, const std::string& name, const fs::path& path) {
  const auto found = file.metadata.find(name);
  const T* value = found == file.metadata.end() ? nullptr : std::get_if<T>(&found->second);
  if (value == nullptr) refuse(path, fmt::format("are no whole embeddings of prompts ({} is missing)", name));
  return *value;
}

EmbeddingsFile::Variant read_variant(const TensorFile& file, PromptVariant variant, std::size_t width,
                                     const fs::path& path) {
  EmbeddingsFile::Variant read;
  for (const auto index : get<std::vector<std::int64_t>>(file, samples_key(variant), path)) {
    if (index < 0 || (!read.samples.empty() && static_cast<std::size_t>(index) <= read.samples.back()))
      refuse(path, fmt::format("samples of {} are not in ascending order", to_string(variant)));
    read.samples.push_back(static_cast<std::size_t>(index));
  }
  const auto tensor = file.tensors.find(std::string(to_string(variant)));
  if (tensor == file.tensors.end() || tensor->second.values.size() != read.samples.size() * width)
    refuse(path, fmt::format("embeddings of {} are missing or not of its samples", to_string(variant)));
  if (!all_finite(tensor->second.values))
    refuse(path, fmt::format("an embedding of {} is not finite", to_string(variant)));
  read.values = tensor->second.values;
  return read;
}

TensorFile read_tensors(const fs::path& path) try { return read_tensor_file(path); } catch (const Error& error) {
  if (error.kind() != ErrorKind::data) throw;
  throw Error(ErrorKind::results, fmt::format("{}; delete it to embed the prompts again", error.what()));
}

}  // namespace

EmbeddingsFile read_embeddings_file(const fs::path& path) {
  const auto file = read_tensors(path);
  if (get<std::string>(file, architecture_key, path) != architecture) refuse(path, "are no embeddings of prompts");
  EmbeddingsFile read{.encoder = get<std::string>(file, key("encoder"), path),
                      .identity = get<std::string>(file, key("identity"), path),
                      .data = get<std::string>(file, key("data"), path)};
  const auto width = get<std::int64_t>(file, key("width"), path);
  if (width <= 0) refuse(path, "have no width");
  read.width = static_cast<std::size_t>(width);
  for (const auto variant : prompt_variants()) {
    if (file.metadata.contains(samples_key(variant)))
      read.variants[variant] = read_variant(file, variant, read.width, path);
  }
  return read;
}

void write_embeddings_file(const fs::path& path, const EmbeddingsFile& embeddings) {
  TensorFile file;
  file.metadata = {{architecture_key, std::string(architecture)},
                   {key("encoder"), embeddings.encoder},
                   {key("identity"), embeddings.identity},
                   {key("data"), embeddings.data},
                   {key("width"), static_cast<std::int64_t>(embeddings.width)}};
  for (const auto& [variant, rows] : embeddings.variants) {
    file.metadata[samples_key(variant)] = std::vector<std::int64_t>(rows.samples.begin(), rows.samples.end());
    file.tensors[std::string(to_string(variant))] = {.shape = {rows.samples.size(), embeddings.width},
                                                     .values = rows.values};
  }
  write_tensor_file(path, file);
}

std::vector<std::string> embedded_encoders(const BehaviorFolder& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder.root)) {
    const auto name = entry.path().filename().string();
    if (entry.is_regular_file() && name.starts_with("embeddings.") && name.ends_with(".gguf"))
      names.push_back(read_embeddings_file(entry.path()).encoder);
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace w2s
