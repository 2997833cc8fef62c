#include "study/study_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "study/settings_file.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/sweep_store.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

std::size_t recorded_limit(const fs::path& folder) {
  const auto settings = read_settings(folder);
  if (!settings || !settings->measurement.contains("limit")) return 0;
  if (const auto limit = measured_number(*settings, "limit")) return *limit;
  throw Error(ErrorKind::results, fmt::format("{}: settings.json has no number as limit", folder.string()));
}

std::string recorded(const SweepStoreHeader& header, const std::string& setting) {
  const auto found = header.settings.find(setting);
  return found == header.settings.end() ? std::string() : found->second;
}

}  // namespace

std::vector<SweptBehavior> swept_behaviors(std::span<const BehaviorFolder> folders, const fs::path& model,
                                           const ModelOptions& options) {
  const auto model_hash = sha256_of_file(model);
  const auto chat_template = options.chat_template.empty() ? "the model's own" : sha256(options.chat_template);
  std::vector<SweptBehavior> swept;
  for (const auto& folder : folders) {
    const auto header = SweepStore::read(folder.sweep()).header();
    const auto check = [&](const char* setting, const std::string& value) {
      if (recorded(header, setting) == value) return;
      throw Error(ErrorKind::results,
                  fmt::format("{} was swept with another {}: name that of its `w2s run`", header.behavior, setting));
    };
    check("model", model_hash);
    check("chat template", chat_template);
    swept.push_back({.name = header.behavior, .data = recorded(header, "data")});
  }
  return swept;
}

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
