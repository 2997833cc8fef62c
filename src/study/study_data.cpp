#include "study/study_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "study/settings_file.h"
#include "w2s/error.h"
#include "w2s/study.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

std::size_t recorded_limit(const fs::path& folder) {
  const auto settings = read_settings(folder);
  if (!settings || !settings->measurement.contains("limit")) return 0;
  if (const auto limit = measured_number(*settings, "limit")) return *limit;
  throw Error(ErrorKind::results, fmt::format("{}: settings.json has no number as limit", folder.string()));
}

}  // namespace

std::vector<Behavior> read_study_data(const fs::path& folder, std::span<const SweptBehavior> swept,
                                      std::span<const std::string> sources) {
  DataSelection selection{.behaviors = {}, .limit = recorded_limit(folder), .seed = study_seed(folder)};
  for (const auto& behavior : swept) selection.behaviors.push_back(behavior.name);
  auto read = read_behaviors(sources, selection);
  std::vector<Behavior> behaviors;
  for (const auto& [name, data] : swept) {
    const auto behavior = std::ranges::find(read, name, &Behavior::name);
    if (behavior == read.end() || content_hash(*behavior) != data) {
      throw Error(ErrorKind::results, fmt::format("the samples of {} are not those that {} was made with; name the "
                                                  "data of its `w2s run`",
                                                  name, folder.string()));
    }
    behaviors.push_back(std::move(*behavior));
  }
  return behaviors;
}

}  // namespace w2s
