#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

fs::path file_in(const fs::path& folder, std::string_view stem, std::string_view other_method) {
  return folder / fmt::format("{}{}{}.gguf", stem, other_method.empty() ? "" : ".", other_method);
}

}  // namespace

fs::path BehaviorFolder::vectors(std::string_view other_method) const { return file_in(root, "vectors", other_method); }

fs::path BehaviorFolder::predictor(std::string_view other_method) const {
  return file_in(root, "predictor", other_method);
}

fs::path BehaviorFolder::embeddings(std::string_view encoder) const {
  std::string name(encoder);
  const auto is_safe = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
  };
  std::ranges::replace_if(name, std::not_fn(is_safe), '_');
  return root / fmt::format("embeddings.{}.gguf", name);
}

std::string_view name_in_files(std::span<const std::string> methods, std::size_t method) {
  return method == 0 ? std::string_view() : std::string_view(methods[method]);
}

std::vector<BehaviorFolder> behavior_folders(const fs::path& folder) {
  if (!fs::is_directory(folder))
    throw Error(ErrorKind::results, fmt::format("{}: no such results folder", folder.string()));
  std::vector<BehaviorFolder> folders;
  for (const auto& entry : fs::directory_iterator(folder))
    if (fs::exists(entry.path() / "sweep.sqlite")) folders.push_back({entry.path()});
  if (folders.empty() && fs::exists(folder / "sweep.sqlite")) folders.push_back({folder});
  if (folders.empty()) {
    throw Error(ErrorKind::results,
                fmt::format("{}: is not a results folder (no <behavior>/sweep.sqlite in it)", folder.string()));
  }
  std::ranges::sort(folders, {}, &BehaviorFolder::root);
  return folders;
}

}  // namespace w2s
