#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "results/embeddings_file.h"
#include "results/study_data.h"
#include "study/staged_job.h"
#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// What a sweep says about which prompts there are.
struct SweptPrompts {
  BehaviorFolder folder;
  SweptBehavior behavior;
  std::vector<PromptVariant> variants;
  Split split;
};

std::vector<std::size_t>& part_of(Split& split, SplitPart part) {
  if (part == SplitPart::test) return split.test;
  return part == SplitPart::train ? split.train : split.validation;
}

SweptPrompts prompts_in(const BehaviorFolder& folder) {
  const BehaviorResults results(folder);
  results.check_is_complete();
  SweptPrompts prompts{.folder = folder, .behavior = swept_behavior(results), .variants = {}, .split = {}};
  for (const auto variant : prompt_variants())
    if (!results.records(variant).empty()) prompts.variants.push_back(variant);
  for (const auto& record : results.records(PromptVariant::base))
    part_of(prompts.split, record.part).push_back(record.key.sample);
  return prompts;
}

bool is_embedded(const SweptPrompts& prompts, const TextEncoder& encoder) {
  const auto path = prompts.folder.embeddings(encoder.name());
  if (!fs::exists(path)) return false;
  const auto file = read_embeddings_file(path);
  if (file.encoder != encoder.name() || file.identity != encoder.identity() || file.data != prompts.behavior.data)
    return false;
  return std::ranges::all_of(prompts.variants, [&](PromptVariant variant) {
    const auto found = file.variants.find(variant);
    return found != file.variants.end() &&
           (variant == PromptVariant::base || found->second.samples == prompts.split.test);
  });
}

}  // namespace

void embed_study(const fs::path& folder, std::span<const std::string> data,
                 std::span<const std::unique_ptr<TextEncoder>> encoders, const Job& job) {
  const ResultsFolder results(folder);
  std::vector<SweptPrompts> all;
  for (const auto& own : results.behaviors()) all.push_back(prompts_in(own));
  const auto has_all = [&](const SweptPrompts& prompts) {
    return std::ranges::all_of(encoders, [&](const auto& encoder) { return is_embedded(prompts, *encoder); });
  };
  std::erase_if(all, has_all);
  if (all.empty()) return;
  if (data.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{} lacks embeddings of {}; name the data it was made with (--data)",
                                              folder.string(), all.front().behavior.name));
  }
  std::vector<SweptBehavior> swept;
  for (const auto& prompts : all) swept.push_back(prompts.behavior);
  const auto behaviors = read_study_data(results, swept, data);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& prompts = all[i];
    const auto own_job = prefixed(job, prompts.behavior.name);
    for (const auto& encoder : encoders)
      embed_prompts(prompts.folder, behaviors[i], prompts.split, prompts.variants, *encoder, own_job);
  }
}

}  // namespace w2s
