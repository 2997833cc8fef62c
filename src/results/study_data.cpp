#include "results/study_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "w2s/base.h"

namespace w2s {

SweptBehavior swept_behavior(const BehaviorResults& behavior) {
  return {.name = behavior.header().behavior, .data = behavior.setting("data")};
}

std::vector<SweptBehavior> swept_behaviors(std::span<const BehaviorFolder> folders, const std::filesystem::path& model,
                                           const ModelOptions& options) {
  const auto model_hash = sha256_of_file(model);
  const auto chat_template = options.chat_template.empty() ? "the model's own" : sha256(options.chat_template);
  std::vector<SweptBehavior> swept;
  for (const auto& folder : folders) {
    const BehaviorResults behavior(folder);
    const auto check = [&](const char* setting, const std::string& value) {
      if (behavior.setting(setting) == value) return;
      throw Error(ErrorKind::results, fmt::format("{} was swept with another {}: name that of its `w2s run`",
                                                  behavior.header().behavior, setting));
    };
    check("model", model_hash);
    check("chat template", chat_template);
    swept.push_back(swept_behavior(behavior));
  }
  return swept;
}

std::vector<Behavior> read_study_data(const ResultsFolder& folder, std::span<const SweptBehavior> swept,
                                      std::span<const std::string> sources) {
  DataSelection selection{.behaviors = {}, .limit = folder.limit(), .seed = folder.seed()};
  for (const auto& behavior : swept) selection.behaviors.push_back(behavior.name);
  auto read = read_behaviors(sources, selection);
  std::vector<Behavior> behaviors;
  for (const auto& [name, data] : swept) {
    const auto behavior = std::ranges::find(read, name, &Behavior::name);
    if (behavior == read.end() || content_hash(*behavior) != data) {
      throw Error(ErrorKind::results, fmt::format("the samples of {} are not those that {} was made with; name the "
                                                  "data of its `w2s run`",
                                                  name, folder.path().string()));
    }
    behaviors.push_back(std::move(*behavior));
  }
  return behaviors;
}

}  // namespace w2s
