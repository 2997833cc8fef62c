#include "support/shared_data.h"

#include <cstdlib>

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

const fs::path repository = W2S_SOURCE_DIR;

std::optional<fs::path> if_there(const fs::path& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return std::nullopt;
  return path;
}

}  // namespace

std::optional<fs::path> shared_data_folder() {
  if (const char* folder = std::getenv("W2S_SHARED")) return if_there(folder);
  return if_there(repository.parent_path() / "shared");
}

std::optional<fs::path> default_model() { return if_there(repository / "build/models/SmolLM2-135M-Instruct-F32.gguf"); }

std::optional<fs::path> default_quantized_model() {
  return if_there(repository / "build/models/SmolLM2-135M-Instruct-Q4_1.gguf");
}

std::optional<fs::path> real_embedding_model() {
  return if_there(repository / "build/models/all-MiniLM-L6-v2-F32.gguf");
}

}  // namespace w2s::test
