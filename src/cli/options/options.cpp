#include "cli/options/options.h"

#include <fmt/format.h>

#include <utility>

#include "w2s/base.h"

namespace w2s::cli {

Option quiet_option(bool& quiet) { return flag("-q,--quiet", quiet, "No progress and no warnings").in("General"); }

void warn_if_quantized(const ModelInfo& model, Work& work) {
  if (!model.is_quantized) return;
  work.warn(
      fmt::format("the model's weights are quantised ({}): llama.cpp rounds activations as well, so the numbers "
                  "depend on the batch; compare them with the noise floor, or measure with F32 weights "
                  "('w2s convert')",
                  model.weight_type));
}

void warn_if_limited(const DataSelection& selection, Work& work) {
  const auto limit = selection.limit;
  if (limit == 0) return;
  work.warn(
      fmt::format("--limit {}: the results are partial, from at most {} samples of each behaviour", limit, limit));
}

Behavior read_single_behavior(const std::vector<std::string>& sources, const DataSelection& selection) {
  auto behaviors = read_behaviors(sources, selection);
  if (behaviors.size() == 1) return std::move(behaviors.front());
  std::vector<std::string> names;
  for (const auto& behavior : behaviors) names.push_back(behavior.name);
  throw Error(ErrorKind::usage, fmt::format("--data holds {} behaviours, pick one with --behavior: {}", names.size(),
                                            fmt::join(names, ", ")));
}

}  // namespace w2s::cli
