#include "report/study_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "w2s/error.h"
#include "w2s/file.h"

namespace w2s::report {
namespace {

namespace fs = std::filesystem;

bool is_study(const fs::path& folder) { return fs::exists(folder / "settings.json"); }

std::vector<fs::path> folders_in(const fs::path& folder) {
  std::vector<fs::path> folders;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.is_directory()) folders.push_back(entry.path());
  std::ranges::sort(folders);
  return folders;
}

// An experiment's studies are in <model>/seed-<n>.
std::vector<std::string> studies_in(const fs::path& experiment) {
  std::vector<std::string> studies;
  for (const auto& model : folders_in(experiment))
    for (const auto& study : folders_in(model))
      if (is_study(study)) studies.push_back((model.filename() / study.filename()).string());
  return studies;
}

void refuse_experiment(const fs::path& folder) {
  if (!fs::exists(folder / "experiment.json") || is_study(folder)) return;
  const auto studies = studies_in(folder);
  if (studies.empty()) {
    throw Error(
        ErrorKind::results,
        fmt::format("{}: is an experiment's folder without a study; run `w2s experiment` again to go on with it",
                    folder.string()));
  }
  throw Error(ErrorKind::results,
              fmt::format("{}: is an experiment's folder, and a report shows one of its studies ({}): `w2s report {}`",
                          folder.string(), fmt::join(studies, ", "), (folder / studies.front()).string()));
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

std::vector<BehaviorFolder> behaviors_of_study(const fs::path& folder) {
  refuse_experiment(folder);
  return behavior_folders(folder);
}

SettingsFile settings_of_study(const fs::path& folder) {
  if (auto settings = read_settings(folder)) return *std::move(settings);
  throw Error(ErrorKind::results, fmt::format("{}: has no settings.json: `w2s run` did not make it", folder.string()));
}

std::vector<PolicyResult> results_of_study(const fs::path& folder) {
  const auto path = folder / "results.json";
  if (fs::exists(path)) return parsed(path, results_from_json);
  throw Error(ErrorKind::results,
              fmt::format("{}: has no results.json; `w2s eval {}` makes it", folder.string(), folder.string()));
}

std::optional<EncoderComparison> encoders_of_study(const fs::path& folder) {
  const auto path = encoder_comparison_path(folder);
  if (!fs::exists(path)) return std::nullopt;
  return parsed(path, encoder_comparison_from_json);
}

}  // namespace w2s::report
