// Conditional activation steering (Lee et al., "Programming Refusal with Conditional Activation Steering", ICLR 2025;
// the paper's equation 3): a constant vector, added only to prompts for which a condition holds.
//
// What differs here: Lee et al. describe a kind of prompt by examples of it and of others, compare a prompt's
// representation, averaged over its tokens, with its projection on those examples' first principal axis, and search
// layer, threshold and the comparison's direction for the best F1 score. Here the prompts to steer are those whose
// positive answer the model does not prefer already; the representation is that of the steered token, compared by its
// signed cosine with the difference of both kinds' means; and what is searched for is balanced accuracy, which does not
// depend on how many prompts of each kind there are.
#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <tuple>

#include "base/values.h"
#include "vectors/methods/methods.h"
#include "vectors/methods/prompt_condition.h"
#include "w2s/base.h"

namespace w2s::methods {
namespace {

constexpr std::string_view file_architecture = "w2s-cast";
constexpr std::string_view condition_name = "condition";
constexpr std::string_view layer_key = "w2s.cast.layer";
constexpr std::string_view threshold_key = "w2s.cast.threshold";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

std::string direction_name(std::size_t layer) { return fmt::format("direction.{}", layer); }

class CastSource final : public VectorSource {
 public:
  /// `directions` is [info.layers][info.width].
  CastSource(SourceInfo info, std::vector<float> directions, std::size_t context_layer, PromptCondition condition)
      : VectorSource(std::move(info)),
        directions_(std::move(directions)),
        context_layer_(context_layer),
        condition_(std::move(condition)) {}

  [[nodiscard]] PromptNeeds needs() const override { return {.last = {context_layer_}, .answers = false}; }

  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    if (!condition_.holds(input.last.at(context_layer_))) return std::vector<float>(info().width, 0.0F);
    return direction(layer);
  }

  [[nodiscard]] TensorFile to_file() const override {
    TensorFile file;
    file.metadata["general.architecture"] = std::string(file_architecture);
    file.metadata[std::string(layer_key)] = static_cast<std::int64_t>(context_layer_);
    file.metadata[std::string(threshold_key)] = static_cast<double>(condition_.threshold);
    file.tensors[std::string(condition_name)] = {.shape = {info().width}, .values = condition_.direction};
    for (std::size_t layer = 0; layer < info().layers; ++layer)
      file.tensors[direction_name(layer)] = {.shape = {info().width}, .values = direction(layer)};
    return file;
  }

 private:
  [[nodiscard]] std::vector<float> direction(std::size_t layer) const {
    const auto row = std::span(directions_).subspan(layer * info().width, info().width);
    return {row.begin(), row.end()};
  }

  std::vector<float> directions_;
  std::size_t context_layer_;
  PromptCondition condition_;
};

// Prompts of both kinds at one layer.
struct PromptKinds {
  Representations to_steer;
  Representations others;
};

bool is_to_steer(const RepresentationSet& set, std::size_t sample) { return set.propensity[sample] < 0; }

PromptKinds prompt_kinds(const RepresentationSet& set, std::size_t index) {
  PromptKinds kinds;
  for (std::size_t sample = 0; sample < set.samples; ++sample)
    (is_to_steer(set, sample) ? kinds.to_steer : kinds.others).push_back(set.prompt(sample, index));
  return kinds;
}

bool has_both_kinds(const RepresentationSet& set) {
  std::size_t to_steer = 0;
  for (std::size_t sample = 0; sample < set.samples; ++sample) to_steer += is_to_steer(set, sample) ? 1 : 0;
  return to_steer > 0 && to_steer < set.samples;
}

struct ConditionAtLayer {
  std::size_t index = 0;  // of the set's prompt layers
  std::size_t layer = 0;
  PromptCondition condition;
  double training_accuracy = 0;
  std::optional<double> validation_accuracy;
};

ConditionAtLayer fit_at(const MethodTraining& training, std::size_t index) {
  const auto kinds = prompt_kinds(training.train, index);
  ConditionAtLayer fitted{.index = index,
                          .layer = training.train.prompt_layers[index],
                          .condition = fit_condition(kinds.to_steer, kinds.others),
                          .training_accuracy = 0,
                          .validation_accuracy = {}};
  fitted.training_accuracy = balanced_accuracy(fitted.condition, kinds.to_steer, kinds.others);
  if (!has_both_kinds(training.validation)) return fitted;
  const auto held_out = prompt_kinds(training.validation, index);
  fitted.validation_accuracy = balanced_accuracy(fitted.condition, held_out.to_steer, held_out.others);
  return fitted;
}

bool is_better(const ConditionAtLayer& a, const ConditionAtLayer& b) {
  // The lower layer wins a tie, hence its place on the other side.
  return std::tie(a.validation_accuracy, a.training_accuracy, b.layer) >
         std::tie(b.validation_accuracy, b.training_accuracy, a.layer);
}

void check_can_be_fitted(const RepresentationSet& train) {
  if (train.prompt_layers.empty())
    throw Error(ErrorKind::usage, "cast needs a context layer at least, to look at prompts there");
  if (has_both_kinds(train)) return;
  refuse(fmt::format(
      "nothing to tell apart for cast: the unsteered model prefers the {} answer of all {} training samples; use caa, "
      "which steers every prompt, or data with both kinds of prompts",
      is_to_steer(train, 0) ? "negative" : "positive", train.samples));
}

ConditionAtLayer fit_best(const MethodTraining& training, const Job& job) {
  auto best = fit_at(training, 0);
  for (std::size_t index = 1; index < training.train.prompt_layers.size(); ++index) {
    job.check_stop();
    auto fitted = fit_at(training, index);
    if (is_better(fitted, best)) best = std::move(fitted);
  }
  return best;
}

double steered_share(const RepresentationSet& set, const ConditionAtLayer& fitted) {
  std::size_t steered = 0;
  for (std::size_t sample = 0; sample < set.samples; ++sample)
    steered += fitted.condition.holds(set.prompt(sample, fitted.index)) ? 1 : 0;
  return static_cast<double>(steered) / static_cast<double>(set.samples);
}

void note(SourceInfo& info, const RepresentationSet& train, const ConditionAtLayer& fitted) {
  info.notes["context layer"] = std::to_string(fitted.layer);
  info.notes["condition"] = fmt::format("cosine >= {:.4f}", fitted.condition.threshold);
  info.notes["condition's accuracy, training"] = fmt::format("{:.3f} (balanced)", fitted.training_accuracy);
  info.notes["condition's accuracy, validation"] =
      fitted.validation_accuracy
          ? fmt::format("{:.3f} (balanced)", *fitted.validation_accuracy)
          : "not measured: no validation samples of both kinds, the context layer was chosen on the training samples";
  info.notes["training prompts steered"] = fmt::format("{:.1f}%", 100 * steered_share(train, fitted));
}

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& /*options*/, const Job& job) {
  check_can_be_fitted(training.train);
  auto fitted = fit_best(training, job);
  auto info = training.info;
  note(info, training.train, fitted);
  return std::make_unique<CastSource>(std::move(info), mean_difference(training.train), fitted.layer,
                                      std::move(fitted.condition));
}

std::vector<float> read_row(const TensorFileReader& file, std::string_view name, std::size_t width) {
  const auto& tensor = file.tensor(name);
  if (tensor.shape != std::vector{width})
    file.refuse(fmt::format("{} has {} values, the model's residual stream {}", name, tensor.values.size(), width));
  if (!all_finite(tensor.values)) file.refuse(fmt::format("{} contains NaN or infinity", name));
  return tensor.values;
}

std::unique_ptr<VectorSource> read(const TensorFile& file, SourceInfo info) {
  if (info.layers == 0 || info.width == 0) refuse("does not say for which model it is");
  const TensorFileReader reader(file, refuse);
  const auto layer = reader.get<std::int64_t>(layer_key);
  if (layer < 0 || static_cast<std::size_t>(layer) >= info.layers)
    refuse(fmt::format("looks at layer {} of {}", layer, info.layers));
  const auto threshold = reader.get<double>(threshold_key);
  if (!(std::abs(threshold) <= 1)) refuse(fmt::format("the threshold of a cosine cannot be {}", threshold));
  PromptCondition condition{.direction = read_row(reader, condition_name, info.width),
                            .threshold = static_cast<float>(threshold)};
  std::vector<float> directions;
  for (std::size_t i = 0; i < info.layers; ++i) {
    const auto row = read_row(reader, direction_name(i), info.width);
    directions.insert(directions.end(), row.begin(), row.end());
  }
  if (file.tensors.size() != info.layers + 1)
    refuse(fmt::format("holds more than the condition and the directions of {} layers", info.layers));
  return std::make_unique<CastSource>(std::move(info), std::move(directions), static_cast<std::size_t>(layer),
                                      std::move(condition));
}

}  // namespace

SteeringMethod cast() {
  return {.name = "cast",
          .summary = "caa's vectors, only for prompts that look like those whose positive answer is not preferred yet",
          .looks_at_prompt = true,
          .fit = &fit,
          .file_architecture = file_architecture,
          .read = &read};
}

}  // namespace w2s::methods
