#include "w2s/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <system_error>
#include <utility>

#include "results/settings_file.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

fs::path file_in(const fs::path& folder, std::string_view stem, std::string_view other_method) {
  return folder / fmt::format("{}{}{}.gguf", stem, other_method.empty() ? "" : ".", other_method);
}

constexpr std::string_view rank_prefix = "sweep.rank-";
constexpr std::string_view rank_suffix = ".sqlite";

// Of the file's name that sweep_of_rank gives it; nothing for any other name.
std::optional<std::size_t> rank_in(std::string_view name) {
  if (!name.starts_with(rank_prefix) || !name.ends_with(rank_suffix)) return std::nullopt;
  const auto digits = name.substr(rank_prefix.size(), name.size() - rank_prefix.size() - rank_suffix.size());
  std::size_t rank = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), rank);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return rank;
}

// The content's own errors do not know where it is from.
template <typename Parse>
auto parsed(const fs::path& path, const Parse& parse) {
  const auto text = read_file(path);
  try {
    return parse(text);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", path.string(), error.what()));
  }
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

fs::path BehaviorFolder::sweep_of_rank(std::size_t rank) const {
  return root / fmt::format("{}{}{}", rank_prefix, rank, rank_suffix);
}

std::vector<fs::path> BehaviorFolder::sweeps_of_ranks() const {
  std::map<std::size_t, fs::path> by_rank;
  for (const auto& entry : fs::directory_iterator(root))
    if (const auto rank = rank_in(entry.path().filename().string())) by_rank.emplace(*rank, entry.path());
  std::vector<fs::path> paths;
  for (const auto& [rank, path] : by_rank) paths.push_back(path);
  return paths;
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

ResultsFolder::ResultsFolder(fs::path path) : path_(std::move(path)), behaviors_(behavior_folders(path_)) {}

SettingsFile ResultsFolder::settings() const {
  if (auto settings = read_settings(path_)) return *std::move(settings);
  throw Error(ErrorKind::results, fmt::format("{}: has no settings.json: `w2s run` did not make it", path_.string()));
}

std::uint64_t ResultsFolder::seed() const {
  const auto settings = read_settings(path_);
  const auto seed = settings ? measured_number(*settings, "seed") : std::nullopt;
  if (seed) return *seed;
  throw Error(ErrorKind::results, fmt::format("{}: has no settings.json with a seed; name one", path_.string()));
}

std::size_t ResultsFolder::limit() const {
  const auto settings = read_settings(path_);
  if (!settings || !settings->measurement.contains("limit")) return 0;
  if (const auto limit = measured_number(*settings, "limit")) return *limit;
  throw Error(ErrorKind::results, fmt::format("{}: settings.json has no number as limit", path_.string()));
}

std::vector<PolicyResult> ResultsFolder::results() const {
  if (fs::exists(results_path())) return parsed(results_path(), results_from_json);
  throw Error(ErrorKind::results,
              fmt::format("{}: has no results.json; `w2s eval {}` makes it", path_.string(), path_.string()));
}

std::optional<EncoderComparison> ResultsFolder::encoder_comparison() const {
  const auto path = encoder_comparison_path(path_);
  if (!fs::exists(path)) return std::nullopt;
  return parsed(path, encoder_comparison_from_json);
}

}  // namespace w2s
