// What tests of executors have in common: plans on a tiny model, and what it is for two outcomes to be the same.
#pragma once

#include <gmock/gmock.h>

#include <span>
#include <utility>
#include <vector>

#include "support/tiny_study.h"
#include "sweep/minimal_executor.h"

namespace w2s::test {

inline constexpr float propensity_tolerance = 1e-4F;

/// A tiny model, samples and vectors, and plans to sweep these.
struct Ingredients {
  explicit Ingredients(const TinyModelShape& shape, std::size_t count = 2)
      : tiny(shape), samples(tokenized(tiny.model(), questions(count))), vectors(some_vectors(tiny.model().info())) {}

  [[nodiscard]] SweepPlan plan(std::size_t sample, const SweepGrid& grid,
                               std::vector<const VectorSource*> sources = {}) const {
    if (sources.empty()) sources = {&vectors};
    return {.sample = &samples.at(sample),
            .shared_prefix = common_prefix_length(samples),
            .interventions = interventions(grid, sources.size()),
            .sources = sources,
            .operation = grid.operation,
            .encoders = {{0, Pooling::last}, {0, Pooling::mean}, {2, Pooling::mean}, {3, Pooling::last}}};
  }
  [[nodiscard]] SweepPlan plan(std::size_t sample) const { return plan(sample, grid()); }
  [[nodiscard]] std::vector<SweepPlan> plans() const {
    std::vector<SweepPlan> plans;
    for (std::size_t sample = 0; sample < samples.size(); ++sample) plans.push_back(plan(sample));
    return plans;
  }
  [[nodiscard]] SweepGrid grid() const { return full_grid(tiny.model().info().layers); }
  [[nodiscard]] MinimalExecutor minimal() const { return MinimalExecutor(LayerwiseModel(tiny.model())); }
  [[nodiscard]] Decoder decoder() const { return Decoder(tiny.model(), {.context = 512, .threads = 1}); }

  LoadedTinyModel tiny;
  std::vector<TokenizedSample> samples;
  ConstantSource vectors;
};

/// Looks at the input in every way a source can, and has a vector of zeros where `quiet` is set.
class InputDependentSource final : public VectorSource {
 public:
  InputDependentSource(SourceInfo info, bool quiet) : VectorSource(std::move(info)), quiet_(quiet) {}

  [[nodiscard]] PromptNeeds needs() const override { return {.last = {1, 3}, .answers = true}; }
  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    std::vector<float> vector(info().width);
    if (quiet_) return vector;
    for (std::size_t i = 0; i < vector.size(); ++i) {
      vector[i] = 0.1F * (input.last.at(1)[i] - input.last.at(3)[i]) + input.difference[layer * info().width + i];
    }
    return vector;
  }
  [[nodiscard]] TensorFile to_file() const override { return {}; }

 private:
  bool quiet_;
};

/// Sources of every kind for a plan, in this order: one that depends on the input, one that does not, one that depends
/// on it and is quiet, and another that does not.
struct SourcesOfEveryKind {
  explicit SourcesOfEveryKind(const Ingredients& it)
      : dependent(it.vectors.info(), false),
        constant(it.vectors),
        quiet(it.vectors.info(), true),
        other(some_vectors(it.tiny.model().info(), 8)) {}

  [[nodiscard]] std::vector<const VectorSource*> all() const { return {&dependent, &constant, &quiet, &other}; }

  InputDependentSource dependent;
  ConstantSource constant;
  InputDependentSource quiet;
  ConstantSource other;
};

/// The same interventions whatever the prompt; what the choice is asked with is kept in `seen`.
inline InterventionChoice choice_of(std::vector<Intervention> interventions, std::vector<std::vector<float>>& seen) {
  return [interventions = std::move(interventions), &seen](std::span<const std::vector<float>> encodings) {
    seen.assign(encodings.begin(), encodings.end());
    return interventions;
  };
}

/// What an outcome has of one of some sources, whose rows a grid made.
inline std::vector<float> steered_by(std::size_t source, std::size_t sources, const SweepOutcome& outcome) {
  const std::size_t rows = outcome.steered.size() / sources;
  const auto first = outcome.steered.begin() + static_cast<std::ptrdiff_t>(source * rows);
  return {first, first + static_cast<std::ptrdiff_t>(rows)};
}

/// Each of some sources at one layer, at two whose order is not theirs in the model, and at all of four, in other
/// shares.
inline std::vector<Intervention> at_several_layers(std::size_t sources) {
  const std::vector<std::vector<LayerShare>> places = {{{.layer = 2}},
                                                       {{.layer = 3, .share = 0.75F}, {.layer = 1, .share = 0.25F}},
                                                       {{.layer = 0, .share = 0.1F},
                                                        {.layer = 1, .share = 0.2F},
                                                        {.layer = 2, .share = 0.3F},
                                                        {.layer = 3, .share = 0.4F}}};
  std::vector<Intervention> interventions;
  for (std::size_t source = 0; source < sources; ++source)
    for (const auto& layers : places)
      for (const float multiplier : {-1.5F, 0.5F, 1.0F})
        interventions.push_back({.source = source, .layers = layers, .multiplier = multiplier});
  return interventions;
}

inline void expect_same(const SweepOutcome& a, const SweepOutcome& b) {
  EXPECT_NEAR(a.unsteered, b.unsteered, propensity_tolerance);
  EXPECT_THAT(a.steered, testing::Pointwise(testing::FloatNear(propensity_tolerance), b.steered));
  ASSERT_EQ(a.encodings.size(), b.encodings.size());
  for (std::size_t e = 0; e < a.encodings.size(); ++e)
    EXPECT_THAT(a.encodings[e], testing::Pointwise(testing::FloatNear(propensity_tolerance), b.encodings[e])) << e;
}

}  // namespace w2s::test
