#include "experiment/experiment_options.h"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "w2s/study.h"

namespace w2s {
namespace {

using Name = std::pair<std::string_view, std::string_view>;
constexpr std::array<Name, 4> other_names = {
    {{"behavior", "behaviors"}, {"method", "methods"}, {"objective", "objectives"}, {"seeds", "predictor-seeds"}}};

constexpr std::array<std::string_view, 2> of_a_model = {"gpu-layers", "chat-template-file"};

// What an experiment says for each model and seed.
constexpr std::array<std::string_view, 2> of_a_study = {"model", "seed"};

bool is_one_of(const Option& option, std::span<const std::string_view> keys) {
  return std::ranges::find(keys, option.key()) != keys.end();
}

}  // namespace

Options options_of_all_studies(ExperimentSettings& settings) {
  auto options = study_options(settings.study);
  std::erase_if(options, [](const auto& own) { return is_one_of(own, of_a_model) || is_one_of(own, of_a_study); });
  std::ranges::stable_partition(options, [](const auto& own) { return own.group != "Model"; });
  for (auto& own : options) {
    const auto other = std::ranges::find(other_names, own.key(), &Name::first);
    if (other != other_names.end()) own.names = "--" + std::string(other->second);
  }
  options.push_back(flag("--compare-encoders", settings.compares_encoders,
                         "Predictors with every encoder there is, as of 'w2s encoders'"));
  return options;
}

Options options_of_a_model(ExperimentModel& model) {
  DecoderOptions none;
  auto options = model_options(model.path, model.options, none);
  std::erase_if(options, [](const auto& own) { return !is_one_of(own, of_a_model); });
  return options;
}

}  // namespace w2s
