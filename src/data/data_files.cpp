#include "data/data_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include "data/steering_bench.h"
#include "data/text.h"
#include "w2s/base.h"
#include "w2s/data.h"

namespace w2s::data {
namespace {

namespace fs = std::filesystem;

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with('.'); }

// A results.json beside the data, say, is no data file; all that decides is at the beginning.
bool begins_like_steering_bench(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  std::array<char, 4096> beginning{};
  stream.read(beginning.data(), beginning.size());
  const std::string_view text(beginning.data(), static_cast<std::size_t>(stream.gcount()));
  return looks_like_steering_bench(without_byte_order_mark(text));
}

bool is_data_file(const fs::path& path) {
  if (path.extension() == ".jsonl") return true;
  return path.extension() == ".json" && begins_like_steering_bench(path);
}

std::vector<fs::path> data_files_below(const fs::path& folder) {
  std::vector<fs::path> files;
  try {
    for (auto entry = fs::recursive_directory_iterator(folder); entry != fs::recursive_directory_iterator(); ++entry) {
      if (is_hidden(entry->path())) {
        if (entry->is_directory()) entry.disable_recursion_pending();
      } else if (entry->is_regular_file() && is_data_file(entry->path())) {
        files.push_back(entry->path());
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw Error(ErrorKind::io, fmt::format("cannot read the folder {}: {}", folder.string(), error.code().message()));
  }
  std::ranges::sort(files);
  return files;
}

// The path of a file within anthropics/evals as the table of the paper's behaviours has it.
bool is_file_of(const fs::path& absolute, const PaperBehavior& behavior) {
  return absolute.generic_string().ends_with(fmt::format("/{}.jsonl", behavior.mwe_file));
}

bool is_paper_file(const fs::path& absolute) {
  return std::ranges::any_of(paper_behaviors(),
                             [&](const PaperBehavior& behavior) { return is_file_of(absolute, behavior); });
}

// The checkout of anthropics/evals that a file belongs to, if it is one of the paper's.
std::optional<std::string> evals_checkout(const fs::path& absolute) {
  for (const PaperBehavior& behavior : paper_behaviors()) {
    if (!is_file_of(absolute, behavior)) continue;
    const std::string path = absolute.generic_string();
    return path.substr(0, path.size() - behavior.mwe_file.size() - std::string_view(".jsonl").size());
  }
  return std::nullopt;
}

bool is_in_folders_of_evals(const std::string& path, const std::set<std::string>& checkouts) {
  constexpr std::array<std::string_view, 4> folders = {"persona/", "advanced-ai-risk/", "sycophancy/",
                                                       "winogenerated/"};
  return std::ranges::any_of(checkouts, [&](const std::string& checkout) {
    if (!path.starts_with(checkout)) return false;
    const std::string_view inside = std::string_view(path).substr(checkout.size());
    return std::ranges::any_of(folders, [&](std::string_view folder) { return inside.starts_with(folder); });
  });
}

void keep_only_paper_files_of_evals(std::vector<fs::path>& files) {
  const auto absolute = [](const fs::path& path) { return fs::absolute(path).lexically_normal(); };
  std::set<std::string> checkouts;
  for (const fs::path& file : files) {
    if (auto checkout = evals_checkout(absolute(file))) checkouts.insert(std::move(*checkout));
  }
  std::erase_if(files, [&](const fs::path& file) {
    const fs::path path = absolute(file);
    return !is_paper_file(path) && is_in_folders_of_evals(path.generic_string(), checkouts);
  });
}

}  // namespace

std::vector<fs::path> find_data_files(const std::string& source) {
  std::error_code error;
  const fs::file_status status = fs::status(source, error);
  if (status.type() == fs::file_type::regular) return {source};
  if (status.type() != fs::file_type::directory) {
    const std::string reason = error ? error.message() : "it is neither a file nor a folder";
    throw Error(ErrorKind::data, fmt::format("cannot read the data set {}: {}", source, reason));
  }
  std::vector<fs::path> files = data_files_below(source);
  keep_only_paper_files_of_evals(files);
  if (files.empty()) {
    throw Error(
        ErrorKind::data,
        fmt::format("{}: no data set in this folder (neither .jsonl files nor steering-bench's .json)", source));
  }
  return files;
}

}  // namespace w2s::data
