// What the seeds of an experiment found, number by number, and the means over behaviours and seeds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/experiment.h"
#include "w2s/table.h"

namespace w2s::paper {

using Findings = std::span<const StudyFindings>;

inline constexpr std::string_view mean_behavior = "mean";

struct Number {
  std::optional<double> value = {};
  std::optional<double> sd = {};  ///< within one study: over predictor seeds
};

/// What one study found about one thing.
struct Observation {
  std::string model;
  std::string behavior;  ///< empty for what is about all of them
  std::uint64_t seed = 0;
  std::vector<Cell> keys = {};       ///< what else says which thing it is, such as the method
  std::vector<Number> numbers = {};  ///< [measures]
};

struct Observations {
  std::vector<std::string> keys;      ///< columns
  std::vector<std::string> measures;  ///< columns
  std::vector<Observation> rows = {};
};

/// A spread or a number; nothing of anything else.
[[nodiscard]] Number number_of(const Cell& cell);

/// What a study found, from a row that has the observations' keys and measures among its fields.
template <typename Row>
[[nodiscard]] Observation observe(const StudyFindings& study, const Row& row, const Fields<Row>& fields,
                                  const Observations& observations) {
  Observation observed{.model = study.model, .behavior = row.behavior, .seed = study.seed};
  for (const auto& key : observations.keys) observed.keys.push_back(cell_of(field_named(fields, key), row));
  for (const auto& measure : observations.measures)
    observed.numbers.push_back(number_of(cell_of(field_named(fields, measure), row)));
  return observed;
}

/// For each model, seed and other keys the mean over behaviours, as behaviour "mean"; left out where one of the model's
/// behaviours is missing, because it could not be compared. A number that one of the behaviours lacks is absent, and so
/// is a standard deviation of several behaviours: how they vary together is not known.
[[nodiscard]] Observations mean_over_behaviors(const Observations& observations);

/// The observations, and the mean over behaviours of models that have several.
[[nodiscard]] Observations with_means(Observations observations);

/// A thing, over all seeds: means, and standard deviations over n - 1; of one seed, what the study itself has.
struct Summary {
  std::string model;
  std::string behavior;
  std::vector<Cell> keys = {};
  std::vector<Number> numbers = {};  ///< [measures]
  std::size_t seeds = 0;
};

/// In the order of first appearance, models kept together, a model's means last.
[[nodiscard]] std::vector<Summary> over_seeds(const Observations& observations);

/// A row a summary: model, behavior, keys, each measure with its standard deviation, seeds.
[[nodiscard]] Table tidy_table(const Observations& observations, std::span<const Summary> summaries);
/// The same of the observations' own summaries, without empty columns.
[[nodiscard]] Table tidy_table(const Observations& observations);

/// One more column, with a cell for each of the summaries that the rows were made of.
void add_column(Table& table, std::string name, std::span<const Summary> summaries,
                const std::function<Cell(const Summary&)>& cell_of);

/// Without the columns that have nothing in any row; standard deviations that are in none are left out too.
[[nodiscard]] Table without_empty_columns(const Table& table);

/// To six digits: more are noise, and hard to read.
[[nodiscard]] Cell number_cell(const std::optional<double>& number);

/// Whether a method is there only because another one of `methods` needs it to choose its fixed layer.
[[nodiscard]] bool is_brought_along(std::string_view method, std::span<const std::string> methods);

/// "SmolLM2: 13 behaviors, seeds 0, 1."; a line a model.
[[nodiscard]] std::string coverage(const Observations& observations);

}  // namespace w2s::paper
