#include "w2s/data.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <span>
#include <system_error>
#include <utility>

#include "base/random.h"
#include "data/builtin_files.h"
#include "data/data_files.h"
#include "data/description_file.h"
#include "data/read_behavior.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view builtin_scheme = "builtin:";
constexpr std::string_view data_ending = ".jsonl";
// Apart from the numbers that split_samples() draws from the same seed.
constexpr std::uint64_t limit_stream = 1;

// What a source has: enough to decide what of it to read.
struct Candidate {
  std::string stem;
  fs::path path;  ///< empty: built in

  // The format, which only the content shows, decides between the stem and the paper's name.
  [[nodiscard]] std::string_view expected_name() const {
    const PaperBehavior* paper = path.empty() ? nullptr : data::paper_behavior_of(stem);
    return paper == nullptr ? std::string_view(stem) : paper->name;
  }
  [[nodiscard]] std::string file() const {
    return path.empty() ? fmt::format("{}{}", builtin_scheme, stem) : path.string();
  }
};

bool is_selected(const DataSelection& selection, std::string_view name) {
  return selection.behaviors.empty() || std::ranges::find(selection.behaviors, name) != selection.behaviors.end();
}

const data::BuiltinFile* find_builtin_file(std::string_view name) {
  const auto files = data::builtin_files();
  const auto found = std::ranges::find(files, name, &data::BuiltinFile::name);
  return found == files.end() ? nullptr : &*found;
}

Behavior read_builtin(const Candidate& candidate) {
  const data::BuiltinFile* content = find_builtin_file(candidate.stem + std::string(data_ending));
  Behavior behavior = data::read_behavior(content->content, candidate.file(), candidate.stem);
  const std::string toml_name = candidate.stem + ".toml";
  if (const data::BuiltinFile* toml = find_builtin_file(toml_name)) {
    data::apply_descriptions(behavior, toml->content, fmt::format("{}{}", builtin_scheme, toml_name));
  }
  return behavior;
}

Behavior read_data_file(const Candidate& candidate) {
  Behavior behavior = data::read_behavior(read_file(candidate.path), candidate.file(), candidate.stem);
  const fs::path toml = candidate.path.parent_path() / (candidate.stem + ".toml");
  std::error_code ignored;
  if (fs::exists(toml, ignored)) data::apply_descriptions(behavior, read_file(toml), toml.string());
  return behavior;
}

std::vector<Candidate> builtin_candidates(std::string_view wanted) {
  std::vector<Candidate> candidates;
  const std::vector<std::string> names = builtin_behavior_names();
  for (const std::string& name : names) {
    if (wanted == "all" || wanted == name) candidates.push_back({.stem = name, .path = {}});
  }
  if (candidates.empty()) {
    throw Error(ErrorKind::data, fmt::format("{}{}: there is no such built-in data set; there are: all, {}",
                                             builtin_scheme, wanted, fmt::join(names, ", ")));
  }
  return candidates;
}

std::vector<Candidate> candidates_of(const std::string& source) {
  if (source.starts_with(builtin_scheme))
    return builtin_candidates(std::string_view(source).substr(builtin_scheme.size()));
  std::vector<Candidate> candidates;
  for (fs::path& path : data::find_data_files(source)) {
    std::string stem = path.stem().string();
    candidates.push_back({.stem = std::move(stem), .path = std::move(path)});
  }
  return candidates;
}

// A subset that grows with the limit: the samples of a smaller one are in the larger ones.
void keep_random_subset(std::vector<Sample>& samples, const DataSelection& selection) {
  if (selection.limit == 0 || samples.size() <= selection.limit) return;
  std::vector<std::size_t> kept = Random::stream(selection.seed, limit_stream).permutation(samples.size());
  kept.resize(selection.limit);
  std::ranges::sort(kept);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (i != kept[i]) samples[i] = std::move(samples[kept[i]]);
  }
  samples.resize(selection.limit);
}

void check_all_found(const DataSelection& selection, const std::map<std::string, std::string>& file_of_name,
                     const std::vector<Candidate>& candidates) {
  for (const std::string& name : selection.behaviors) {
    if (file_of_name.contains(name)) continue;
    std::vector<std::string_view> names;
    for (const Candidate& candidate : candidates) names.push_back(candidate.expected_name());
    throw Error(ErrorKind::data,
                fmt::format("no behavior \"{}\" in the data; there are: {}", name, fmt::join(names, ", ")));
  }
}

}  // namespace

std::string to_string(const SampleId& id) {
  if (const auto* number = std::get_if<std::int64_t>(&id)) return std::to_string(*number);
  return std::get<std::string>(id);
}

std::vector<std::string> builtin_behavior_names() {
  std::vector<std::string> names;
  for (const data::BuiltinFile& file : data::builtin_files()) {
    if (!file.name.ends_with(data_ending)) continue;
    names.emplace_back(file.name.substr(0, file.name.size() - data_ending.size()));
  }
  return names;
}

std::vector<Behavior> read_behaviors(const std::string& source, const DataSelection& selection) {
  return read_behaviors(std::span(&source, 1), selection);
}

std::vector<Behavior> read_behaviors(std::span<const std::string> sources, const DataSelection& selection) {
  std::vector<Candidate> candidates;
  for (const std::string& source : sources) {
    for (Candidate& candidate : candidates_of(source)) candidates.push_back(std::move(candidate));
  }
  if (candidates.empty()) throw Error(ErrorKind::usage, "no data set was named");

  std::vector<Behavior> behaviors;
  std::map<std::string, std::string> file_of_name;
  for (const Candidate& candidate : candidates) {
    if (!is_selected(selection, candidate.stem) && !is_selected(selection, candidate.expected_name())) continue;
    Behavior behavior = candidate.path.empty() ? read_builtin(candidate) : read_data_file(candidate);
    if (!is_selected(selection, behavior.name)) continue;
    const auto [first, inserted] = file_of_name.emplace(behavior.name, candidate.file());
    if (!inserted) {
      throw Error(ErrorKind::data, fmt::format("the behavior \"{}\" is in {} and in {}; name one of them only",
                                               behavior.name, first->second, candidate.file()));
    }
    keep_random_subset(behavior.samples, selection);
    behaviors.push_back(std::move(behavior));
  }
  check_all_found(selection, file_of_name, candidates);
  return behaviors;
}

}  // namespace w2s
