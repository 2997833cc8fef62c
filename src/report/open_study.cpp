#include "report/open_study.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>
#include <vector>

#include "w2s/base.h"

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

}  // namespace

ResultsFolder open_study(const fs::path& folder) {
  refuse_experiment(folder);
  return ResultsFolder(folder);
}

}  // namespace w2s::report
