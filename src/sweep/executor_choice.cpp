#include <fmt/format.h>

#include <array>
#include <utility>

#include "base/names.h"
#include "sweep/minimal_executor.h"
#include "sweep/rows_executor.h"
#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::array names = {std::pair{ExecutorChoice::automatic, std::string_view("auto")},
                              std::pair{ExecutorChoice::minimal, std::string_view("minimal")},
                              std::pair{ExecutorChoice::rows, std::string_view("rows")}};

}  // namespace

std::vector<SweepOutcome> SweepExecutor::run_together(std::span<const SweepPlan> plans) {
  std::vector<SweepOutcome> outcomes;
  for (const auto& plan : plans) outcomes.push_back(run(plan));
  return outcomes;
}

std::string_view to_string(ExecutorChoice choice) { return name_of(names, choice); }

ExecutorChoice parse_executor_choice(std::string_view name) {
  if (const auto choice = find_by_name(names, name)) return *choice;
  throw Error(ErrorKind::usage, fmt::format("unknown executor '{}'; there are: {}", name, list_names(names)));
}

ExecutorChoice resolve_executor(ExecutorChoice choice, const Model& model) {
  if (choice == ExecutorChoice::rows) return choice;
  const auto reason = LayerwiseModel::reason_against(model);
  if (choice == ExecutorChoice::automatic)
    return reason || model.info().is_quantized ? ExecutorChoice::rows : ExecutorChoice::minimal;
  if (!reason) return choice;
  throw Error(ErrorKind::usage, fmt::format("{}: the minimal executor cannot compute this model: {}; use 'rows'",
                                            model.path().string(), *reason));
}

std::vector<std::unique_ptr<SweepExecutor>> make_executors(std::span<Decoder> decoders, ExecutorChoice choice,
                                                           PromptStateCache* cache) {
  std::vector<std::unique_ptr<SweepExecutor>> executors;
  if (decoders.empty()) return executors;
  if (resolve_executor(choice, decoders.front().model()) == ExecutorChoice::rows) {
    for (auto& decoder : decoders) executors.push_back(std::make_unique<RowsExecutor>(decoder));
    return executors;
  }
  const LayerwiseModel model(decoders.front().model());
  int threads = 0;
  for (const auto& decoder : decoders) threads += decoder.options().threads;
  for (int thread = 0; thread < threads; ++thread) executors.push_back(std::make_unique<MinimalExecutor>(model, cache));
  return executors;
}

}  // namespace w2s
