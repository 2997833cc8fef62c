// Layers: how steerability depends on them, how the inputs' best ones are spread, which are labels.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "experiment/paper/builders.h"
#include "experiment/paper/paper_numbers.h"

namespace w2s::paper {
namespace {

constexpr const char* mean_note = "Behavior \"mean\" is the mean over behaviors.\n";

// What a figure has of one method on one behaviour: the keys after the method, and the numbers.
struct Entry {
  std::vector<Cell> keys = {};
  std::vector<Number> numbers = {};
};

enum class Methods { compared, all };

template <typename EntriesOf>
Observations observe_layers(Findings findings, std::vector<std::string> keys, std::vector<std::string> measures,
                            EntriesOf entries_of, Methods which = Methods::compared) {
  keys.insert(keys.begin(), "method");
  Observations observations{.keys = std::move(keys), .measures = std::move(measures)};
  for (const auto& study : findings) {
    std::vector<std::string> methods;
    for (const auto& analysis : study.analyses) methods.push_back(analysis.method);
    for (const auto& analysis : study.analyses) {
      if (which == Methods::compared && is_brought_along(analysis.method, methods)) continue;
      for (Entry& entry : entries_of(analysis)) {
        entry.keys.insert(entry.keys.begin(), analysis.method);
        observations.rows.push_back({.model = study.model,
                                     .behavior = analysis.behavior,
                                     .seed = study.seed,
                                     .keys = std::move(entry.keys),
                                     .numbers = std::move(entry.numbers)});
      }
    }
  }
  return observations;
}

// Between the two nearest values, where it falls between them.
std::optional<double> quantile(std::vector<double> values, double probability) {
  if (values.empty()) return std::nullopt;
  std::ranges::sort(values);
  const double position = probability * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(position);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  return std::lerp(values[below], values[above], position - static_cast<double>(below));
}

// Indices of the measures of Figure 1.
enum OptimumMeasure : std::size_t { at_fixed_measure = 1, at_best_measure = 2 };

std::vector<Entry> optimum_entry(const LayerAnalysis& analysis) {
  const auto optimum = analysis.kth_best.front();
  const auto gain = optimum ? std::optional(*optimum - analysis.fixed) : std::nullopt;
  return {{.numbers = {{.value = static_cast<double>(analysis.fixed_layer)},
                       {.value = analysis.fixed},
                       {.value = optimum},
                       {.value = gain},
                       {.value = quantile(analysis.gain, 0.25)},
                       {.value = quantile(analysis.gain, 0.5)},
                       {.value = quantile(analysis.gain, 0.75)},
                       {.value = analysis.distance_from_fixed}}}};
}

// A ratio of means: a mean of ratios would be that of the behaviour whose fixed layer steers least.
Number gain_percent(const Observation& row) {
  const auto fixed = row.numbers[at_fixed_measure].value;
  const auto best = row.numbers[at_best_measure].value;
  if (!fixed || !best || !(*fixed > 0)) return {};
  return {.value = 100 * (*best / *fixed - 1)};
}

// The paper shows CAA.
Cell published_optimum(const Summary& summary, double OptimumNumbers::* number) {
  const bool is_published = summary.behavior == mean_behavior && summary.keys.front() == Cell("caa");
  const auto* const published = is_published ? find_optimum(summary.model) : nullptr;
  return published == nullptr ? Cell() : Cell(published->*number);
}

std::vector<Entry> best_layer_entries(const LayerAnalysis& analysis) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < analysis.layers.size(); ++i) {
    const auto count = static_cast<double>(analysis.best_count[i]);
    entries.push_back({.keys = cells(analysis.layers[i]),
                       .numbers = {{.value = count},
                                   {.value = count / static_cast<double>(analysis.test_samples)},
                                   {.value = analysis.layers[i] == analysis.fixed_layer ? 1 : 0}}});
  }
  return entries;
}

std::vector<Entry> layer_entries(const LayerAnalysis& analysis) {
  std::vector<Entry> entries;
  for (std::size_t i = 0; i < analysis.layers.size(); ++i)
    entries.push_back({.keys = cells(analysis.layers[i]), .numbers = {{.value = analysis.fitting_mean[i]}}});
  return entries;
}

std::vector<Entry> ranked_entries(const LayerAnalysis& analysis) {
  constexpr std::array ranks = {"best", "2nd best", "3rd best", "4th best"};
  std::vector<Entry> entries = {{.keys = {"fixed"}, .numbers = {{.value = analysis.fixed}}}};
  for (std::size_t k = 0; k < ranks.size(); ++k) {
    if (const auto& mean = analysis.kth_best[k]) entries.push_back({.keys = {ranks[k]}, .numbers = {{.value = mean}}});
  }
  return entries;
}

std::vector<Entry> accuracy_entries(const LayerAnalysis& analysis) {
  std::vector<Entry> entries;
  for (const auto& labels : analysis.labels)
    entries.push_back({.keys = cells(labels.top_k), .numbers = {{.value = labels.accuracy}}});
  return entries;
}

std::vector<Entry> label_entries(const LayerAnalysis& analysis) {
  std::vector<Entry> entries;
  for (const auto& labels : analysis.labels) {
    entries.push_back({.keys = cells(analysis.layers.size(), labels.top_k),
                       .numbers = {{.value = static_cast<double>(labels.layers)}}});
  }
  return entries;
}

enum LabelKey : std::size_t { method_key, swept_key, top_k_key };

// A row of Supp. Table 4: all k of one model, behaviour and method.
struct LabelRow {
  const Summary* first = nullptr;
  std::map<std::int64_t, Number> layers = {};  // by k
};

std::vector<LabelRow> label_rows(std::span<const Summary> summaries) {
  std::vector<LabelRow> rows;
  for (const auto& summary : summaries) {
    auto row = std::ranges::find_if(rows, [&](const LabelRow& candidate) {
      return candidate.first->model == summary.model && candidate.first->behavior == summary.behavior &&
             candidate.first->keys[method_key] == summary.keys[method_key] &&
             candidate.first->keys[swept_key] == summary.keys[swept_key];
    });
    if (row == rows.end()) row = rows.insert(rows.end(), LabelRow{.first = &summary});
    row->layers[std::get<std::int64_t>(summary.keys[top_k_key])] = summary.numbers.front();
  }
  return rows;
}

Cell published_label_layers(const LabelRow& row, std::int64_t top_k) {
  if (row.first->keys[method_key] != Cell("caa")) return {};
  const auto published = label_layers(row.first->model, row.first->behavior);
  if (!published || top_k < 1 || top_k > static_cast<std::int64_t>(published->size())) return {};
  return (*published)[static_cast<std::size_t>(top_k - 1)];
}

Table label_table(std::span<const LabelRow> rows) {
  std::set<std::int64_t> ks;
  for (const auto& row : rows)
    for (const auto& [k, number] : row.layers) ks.insert(k);
  Table table{.columns = columns_named({"model", "behavior", "method", "layers"}), .rows = {}};
  for (const auto k : ks) {
    const auto name = "top" + std::to_string(k);
    for (const auto& column : {name, name + "_sd", "paper_" + name}) table.columns.push_back(column_named(column));
  }
  for (const auto& row : rows) {
    auto& cells = table.rows.emplace_back();
    cells = {row.first->model, row.first->behavior, row.first->keys[method_key], row.first->keys[swept_key]};
    for (const auto k : ks) {
      const auto found = row.layers.find(k);
      const auto number = found == row.layers.end() ? Number() : found->second;
      cells.push_back(number_cell(number.value));
      cells.push_back(number_cell(number.sd));
      cells.push_back(published_label_layers(row, k));
    }
  }
  return without_empty_columns(table);
}

}  // namespace

PaperTable figure1(Findings findings) {
  auto observations =
      with_means(observe_layers(findings, {},
                                {"fixed_layer", "steerability_at_fixed", "steerability_at_best", "gain",
                                 "gain_lower_quartile", "gain_median", "gain_upper_quartile", "distance_from_fixed"},
                                optimum_entry));
  observations.measures.emplace_back("gain_percent");
  for (auto& row : observations.rows) {
    row.numbers.push_back(gain_percent(row));
    if (row.behavior == mean_behavior) row.numbers.front().value.reset();  // a mean of layers is no layer
  }
  const auto summaries = over_seeds(observations);
  auto table = tidy_table(observations, summaries);
  add_column(table, "paper_gain_percent", summaries,
             [](const Summary& summary) { return published_optimum(summary, &OptimumNumbers::gain_percent); });
  add_column(table, "paper_distance_from_fixed", summaries,
             [](const Summary& summary) { return published_optimum(summary, &OptimumNumbers::distance_from_fixed); });
  return {.id = "figure1",
          .title =
              "What each input's best layer gains over the fixed layer, and how far it lies from it (the paper's "
              "Figure 1)",
          .notes = mean_note + coverage(observations) +
                   "Gain: in steerability, mean over test inputs, with the quartiles of the inputs' own gains. In per "
                   "cent: of the steerability at the fixed layer, mean by mean; absent where that is not positive. "
                   "Distance: mean over inputs, in layers.\n",
          .table = without_empty_columns(table)};
}

PaperTable figure1_layers(Findings findings) {
  const auto observations = observe_layers(findings, {"layer"}, {"inputs", "share", "is_fixed"}, best_layer_entries);
  return {.id = "figure1-layers",
          .title = "The layer that steers each test input best (the paper's Figure 1, bottom)",
          .notes = coverage(observations) + "is_fixed: the share of seeds whose fixed layer it is.\n",
          .table = tidy_table(observations)};
}

PaperTable supp_figures14_15(Findings findings) {
  const auto observations =
      with_means(observe_layers(findings, {"layer"}, {"steerability"}, layer_entries, Methods::all));
  return {.id = "supp-figures14-15",
          .title =
              "Mean steerability by layer, on the samples that the fixed layer is chosen on (the paper's Supp. "
              "Figures 14 and 15: CAA and oracle vectors)",
          .notes = mean_note + coverage(observations),
          .table = tidy_table(observations)};
}

PaperTable supp_figures16_17(Findings findings) {
  const auto observations =
      with_means(observe_layers(findings, {"layer_of_each_input"}, {"steerability"}, ranked_entries));
  return {.id = "supp-figures16-17",
          .title =
              "Mean steerability at each test input's best, 2nd, 3rd and 4th best layer, and at the fixed one (the "
              "paper's Supp. Figures 16 and 17)",
          .notes = mean_note + coverage(observations),
          .table = tidy_table(observations)};
}

PaperTable supp_figure18(Findings findings) {
  const auto observations = with_means(observe_layers(findings, {"top_k"}, {"accuracy"}, accuracy_entries));
  return {
      .id = "supp-figure18",
      .title = "Accuracy of the layer predictor by Top-k of its labels (the paper's Supp. Figure 18)",
      .notes = mean_note + coverage(observations) + "Of held-out samples in cross-validation, against their labels.\n",
      .table = tidy_table(observations)};
}

PaperTable supp_table4(Findings findings) {
  const auto observations = with_means(observe_layers(findings, {"layers", "top_k"}, {"layers"}, label_entries));
  const auto summaries = over_seeds(observations);
  const auto rows = label_rows(summaries);
  return {.id = "supp-table4",
          .title = "Layers that are some training sample's label, by Top-k (the paper's Supp. Table 4)",
          .notes = mean_note + coverage(observations) +
                   "The paper does not say which method's labels it counts; its numbers stand beside CAA's.\n",
          .table = label_table(rows)};
}

}  // namespace w2s::paper
