#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "study/embeddings_file.h"
#include "study/measured_samples.h"
#include "study/staged_job.h"
#include "study/study_data.h"
#include "w2s/error.h"
#include "w2s/prompt_embeddings.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// What a sweep says about which prompts there are.
struct SweptPrompts {
  BehaviorFolder folder;
  std::string behavior;
  std::string data;  // content hash
  std::vector<PromptVariant> variants;
  Split split;
};

std::vector<std::size_t>& part_of(Split& split, SplitPart part) {
  if (part == SplitPart::test) return split.test;
  return part == SplitPart::train ? split.train : split.validation;
}

SweptPrompts prompts_in(const BehaviorFolder& folder) {
  const auto store = SweepStore::read(folder.sweep());
  const auto& header = store.header();
  SweptPrompts prompts{.folder = folder, .behavior = header.behavior, .data = {}, .variants = {}, .split = {}};
  const auto hash = header.settings.find("data");
  if (hash != header.settings.end()) prompts.data = hash->second;
  const auto records = store.records();
  check_is_complete(header, records);
  std::set<PromptVariant> variants;
  for (const auto& record : records) {
    variants.insert(record.key.variant);
    if (record.key.variant != PromptVariant::base) continue;
    part_of(prompts.split, record.part).push_back(record.key.sample);
  }
  prompts.variants.assign(variants.begin(), variants.end());
  return prompts;
}

bool is_embedded(const SweptPrompts& prompts, const TextEncoder& encoder) {
  const auto path = prompts.folder.embeddings(encoder.name());
  if (!fs::exists(path)) return false;
  const auto file = read_embeddings_file(path);
  if (file.encoder != encoder.name() || file.identity != encoder.identity() || file.data != prompts.data) return false;
  return std::ranges::all_of(prompts.variants, [&](PromptVariant variant) {
    const auto found = file.variants.find(variant);
    return found != file.variants.end() &&
           (variant == PromptVariant::base || found->second.samples == prompts.split.test);
  });
}

std::vector<Behavior> behaviors_of(std::span<const SweptPrompts> all, const fs::path& folder,
                                   std::span<const std::string> data) {
  std::vector<SweptBehavior> swept;
  for (const auto& prompts : all) swept.push_back({.name = prompts.behavior, .data = prompts.data});
  return read_study_data(folder, swept, data);
}

}  // namespace

void embed_study(const fs::path& folder, std::span<const std::string> data,
                 std::span<const std::unique_ptr<TextEncoder>> encoders, const Job& job) {
  std::vector<SweptPrompts> all;
  for (const auto& own : behavior_folders(folder)) all.push_back(prompts_in(own));
  const auto has_all = [&](const SweptPrompts& prompts) {
    return std::ranges::all_of(encoders, [&](const auto& encoder) { return is_embedded(prompts, *encoder); });
  };
  std::erase_if(all, has_all);
  if (all.empty()) return;
  if (data.empty()) {
    throw Error(ErrorKind::usage, fmt::format("{} lacks embeddings of {}; name the data it was made with (--data)",
                                              folder.string(), all.front().behavior));
  }
  const auto behaviors = behaviors_of(all, folder, data);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& prompts = all[i];
    const auto own_job = prefixed(job, prompts.behavior);
    for (const auto& encoder : encoders)
      embed_prompts(prompts.folder, behaviors[i], prompts.split, prompts.variants, *encoder, own_job);
  }
}

}  // namespace w2s
