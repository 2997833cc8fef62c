#include "experiment/paper/findings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "predictor/statistics.h"
#include "w2s/vectors.h"

namespace w2s::paper {
namespace {

// Groups of rows by a key, in the order of first appearance.
template <typename Row, typename KeyOf>
std::vector<std::vector<const Row*>> group_by(std::span<const Row> rows, KeyOf key_of) {
  std::map<decltype(key_of(rows.front())), std::size_t> index;
  std::vector<std::vector<const Row*>> groups;
  for (const auto& row : rows) {
    const auto [entry, is_new] = index.try_emplace(key_of(row), groups.size());
    if (is_new) groups.emplace_back();
    groups[entry->second].push_back(&row);
  }
  return groups;
}

std::map<std::string, std::set<std::string>> behaviors_by_model(const Observations& observations) {
  std::map<std::string, std::set<std::string>> behaviors;
  for (const auto& row : observations.rows) {
    if (row.behavior != mean_behavior) behaviors[row.model].insert(row.behavior);
  }
  return behaviors;
}

std::vector<double> values_of(std::span<const Observation* const> group, std::size_t measure) {
  std::vector<double> values;
  for (const auto* row : group)
    if (const auto& value = row->numbers[measure].value) values.push_back(*value);
  return values;
}

// One behaviour, or one seed, keeps the standard deviation it came with.
Number mean_number(std::span<const Observation* const> group, std::size_t measure) {
  if (group.size() == 1) return group.front()->numbers[measure];
  const auto values = values_of(group, measure);
  if (values.size() < group.size()) return {};
  return {.value = mean(values)};
}

Number number_over_seeds(std::span<const Observation* const> group, std::size_t measure) {
  if (group.size() == 1) return group.front()->numbers[measure];
  const auto values = values_of(group, measure);
  if (values.empty()) return {};
  return {.value = mean(values), .sd = standard_deviation(values)};
}

Observation mean_of(std::span<const Observation* const> group) {
  Observation result = *group.front();
  result.behavior = mean_behavior;
  for (std::size_t i = 0; i < result.numbers.size(); ++i) result.numbers[i] = mean_number(group, i);
  return result;
}

bool is_nothing(const Cell& cell) { return std::holds_alternative<std::monostate>(cell); }

bool has_sd(const Cell& cell) {
  const auto* spread = std::get_if<Spread>(&cell);
  return spread != nullptr && spread->sd;
}

// Of a column whose numbers all stand alone.
void drop_deviations(Table& table, std::size_t column) {
  table.columns[column].parts = Column::Parts::one;
  for (auto& row : table.rows)
    if (const auto* spread = std::get_if<Spread>(&row[column])) row[column] = double{spread->value};
}

}  // namespace

Number number_of(const Cell& cell) {
  if (const auto* number = std::get_if<double>(&cell)) return {.value = *number};
  if (const auto* spread = std::get_if<Spread>(&cell)) return {.value = spread->value, .sd = spread->sd};
  return {};
}

Observations mean_over_behaviors(const Observations& observations) {
  const auto behaviors = behaviors_by_model(observations);
  Observations means{.keys = observations.keys, .measures = observations.measures};
  const auto groups = group_by(std::span(observations.rows),
                               [](const Observation& row) { return std::tie(row.model, row.seed, row.keys); });
  for (const auto& group : groups) {
    if (group.size() == behaviors.at(group.front()->model).size()) means.rows.push_back(mean_of(group));
  }
  return means;
}

Observations with_means(Observations observations) {
  const auto behaviors = behaviors_by_model(observations);
  auto means = mean_over_behaviors(observations);
  for (auto& row : means.rows) {
    if (behaviors.at(row.model).size() > 1) observations.rows.push_back(std::move(row));
  }
  return observations;
}

std::vector<Summary> over_seeds(const Observations& observations) {
  std::vector<Summary> summaries;
  const auto groups = group_by(std::span(observations.rows),
                               [](const Observation& row) { return std::tie(row.model, row.behavior, row.keys); });
  std::map<std::string, std::size_t> order;
  for (const auto& group : groups) {
    const Observation& first = *group.front();
    order.try_emplace(first.model, order.size());
    auto& summary = summaries.emplace_back();
    summary = {
        .model = first.model, .behavior = first.behavior, .keys = first.keys, .numbers = {}, .seeds = group.size()};
    for (std::size_t i = 0; i < first.numbers.size(); ++i) summary.numbers.push_back(number_over_seeds(group, i));
  }
  std::ranges::stable_sort(summaries, {}, [&](const Summary& summary) {
    return std::pair(order.at(summary.model), summary.behavior == mean_behavior);
  });
  return summaries;
}

Table tidy_table(const Observations& observations, std::span<const Summary> summaries) {
  Table table{.columns = columns_named({"model", "behavior"}), .rows = {}};
  for (const auto& key : observations.keys) table.columns.push_back(column_named(key));
  for (const auto& measure : observations.measures)
    for (const auto& name : {measure, measure + "_sd"}) table.columns.push_back(column_named(name));
  table.columns.push_back(column_named("seeds"));
  for (const auto& summary : summaries) {
    auto& row = table.rows.emplace_back(cells(summary.model));
    row.push_back(summary.behavior.empty() ? Cell() : Cell(summary.behavior));
    row.insert(row.end(), summary.keys.begin(), summary.keys.end());
    for (const auto& [value, sd] : summary.numbers)
      for (const auto& number : {value, sd}) row.push_back(number_cell(number));
    row.push_back(to_cell(summary.seeds));
  }
  return table;
}

Table tidy_table(const Observations& observations) {
  return without_empty_columns(tidy_table(observations, over_seeds(observations)));
}

void add_column(Table& table, std::string name, std::span<const Summary> summaries,
                const std::function<Cell(const Summary&)>& cell_of) {
  table.columns.push_back(column_named(std::move(name)));
  for (std::size_t i = 0; i < summaries.size(); ++i) table.rows[i].push_back(cell_of(summaries[i]));
}

Table without_empty_columns(const Table& table) {
  Table kept;
  kept.rows.resize(table.rows.size());
  for (std::size_t column = 0; column < table.columns.size(); ++column) {
    const auto in_any_row = [&](auto is_there) {
      return std::ranges::any_of(table.rows, [&](const auto& row) { return is_there(row[column]); });
    };
    if (!in_any_row([](const Cell& cell) { return !is_nothing(cell); })) continue;
    kept.columns.push_back(table.columns[column]);
    for (std::size_t row = 0; row < table.rows.size(); ++row) kept.rows[row].push_back(table.rows[row][column]);
    if (!in_any_row(has_sd)) drop_deviations(kept, kept.columns.size() - 1);
  }
  return kept;
}

Cell number_cell(const std::optional<double>& number) {
  if (!number) return {};
  return std::strtod(fmt::format("{:.6g}", *number).c_str(), nullptr);
}

bool is_brought_along(std::string_view method, std::span<const std::string> methods) {
  return std::ranges::any_of(steering_methods(), [&](const SteeringMethod& other) {
    return other.fixed_layer_by == method && other.name != method &&
           std::ranges::find(methods, other.name) != methods.end();
  });
}

std::string coverage(const Observations& observations) {
  const auto behaviors = behaviors_by_model(observations);
  std::string text;
  for (const auto& group : group_by(std::span(observations.rows), [](const auto& row) { return row.model; })) {
    std::set<std::uint64_t> seeds;
    for (const auto* row : group) seeds.insert(row->seed);
    const auto count = behaviors.at(group.front()->model).size();
    text += fmt::format("{}: {} behavior{}, {} {}.\n", group.front()->model, count, count == 1 ? "" : "s",
                        seeds.size() == 1 ? "seed" : "seeds", fmt::join(seeds, ", "));
  }
  return text;
}

}  // namespace w2s::paper
