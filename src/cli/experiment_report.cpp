#include "cli/experiment_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/outcome_report.h"

namespace w2s::cli {
namespace {

constexpr double tera = 1e12;

bool is_for_a_reader(Format format) {
  return format == Format::table || format == Format::md || format == Format::latex;
}

std::string_view title_mark(Format format) {
  if (format == Format::md) return "### ";
  return format == Format::latex ? "% " : "";
}

// A table under its title, in a format that a person reads.
std::string section(const std::string& title, const Report& report, Format format) {
  return fmt::format("{}{}\n\n{}\n", title_mark(format), title, render(report, format));
}

Cell count_cell(std::size_t count) { return static_cast<std::int64_t>(count); }

std::vector<Cell> count_cells(std::size_t samples, const DecodeCounts& counts) {
  return {count_cell(samples), count_cell(counts.prompts), count_cell(counts.prompt_tokens),
          count_cell(counts.steered_rows), count_cell(counts.decodes)};
}

double gpu_seconds(double flops, const Gpu& gpu) { return flops / (gpu.peak_flops * planned_utilization); }

std::size_t samples_of(const ModelPlan& plan) {
  std::size_t samples = 0;
  for (const auto& behavior : plan.behaviors) samples += behavior.samples;
  return samples;
}

std::vector<Cell> readable_row(const std::string& name, std::size_t samples, const DecodeCounts& counts,
                               const ModelShape& shape) {
  std::vector<Cell> row = {name};
  std::ranges::move(count_cells(samples, counts), std::back_inserter(row));
  row.emplace_back(fmt::format("{:.1f}", flops(shape, counts) / tera));
  return row;
}

Table readable_plan(const ModelPlan& plan) {
  Table table{.columns = {"behavior", "samples", "prompts", "prompt tokens", "steered rows", "decodes", "TFLOP"},
              .rows = {}};
  for (const auto& behavior : plan.behaviors)
    table.rows.push_back(readable_row(behavior.behavior, behavior.samples, behavior.counts, plan.shape));
  const auto title = plan.seeds == 1 ? std::string("all") : fmt::format("all, {} seeds", plan.seeds);
  table.rows.push_back(readable_row(title, samples_of(plan), plan.counts(), plan.shape));
  return table;
}

std::string machine_line(const ModelPlan& plan) {
  if (!plan.calibration) {
    return plan.is_stand_in ? "This machine: not measured, the model is not there\n" : "This machine: not measured\n";
  }
  const auto& calibration = *plan.calibration;
  return fmt::format("This machine: {} ({:.3g} TFLOP/s: {} sample{} in {:.1f} s)\n",
                     duration_text(plan.flops() / calibration.flops_per_second), calibration.flops_per_second / tera,
                     calibration.samples, calibration.samples == 1 ? "" : "s", calibration.seconds);
}

std::string plan_notes(const ModelPlan& plan) {
  auto text = machine_line(plan);
  for (const auto& gpu : planned_gpus) {
    text +=
        fmt::format("One {}: {} (at {:.0f}% of the {} TFLOP/s of its data sheet: an estimate)\n", gpu.name,
                    duration_text(gpu_seconds(plan.flops(), gpu)), 100 * planned_utilization, gpu.peak_flops / tera);
  }
  if (plan.is_stand_in) text += "The file is not there: counted with another model's tokenizer\n";
  return text;
}

std::string plan_title(const ModelPlan& plan) {
  return fmt::format("{}: {:.4g} billion parameters at work in a token, {} layers of width {}", plan.model,
                     static_cast<double>(plan.shape.parameters) / 1e9, plan.shape.layers, plan.shape.width);
}

constexpr std::string_view what_plans_leave_out =
    "Times are of decoding alone. Not in them: training predictors and l2s's networks, embedding models, and waiting "
    "for memory. Prompt variants are planned with a guess of how many layers the predictors choose.\n";

Table tidy_plan(std::span<const ModelPlan> plans) {
  Table table{.columns = {"model", "behavior", "seeds", "samples", "prompts", "prompt_tokens", "steered_rows",
                          "decodes", "flop", "seconds_here"},
              .rows = {}};
  for (const auto& gpu : planned_gpus) table.columns.push_back(fmt::format("seconds_{}", gpu.name));
  for (const auto& plan : plans) {
    for (const auto& behavior : plan.behaviors) {
      const double flop = flops(plan.shape, behavior.counts) * static_cast<double>(plan.seeds);
      DecodeCounts counts;
      for (std::size_t seed = 0; seed < plan.seeds; ++seed) counts += behavior.counts;
      std::vector<Cell> row = {plan.model, behavior.behavior, count_cell(plan.seeds)};
      std::ranges::move(count_cells(behavior.samples, counts), std::back_inserter(row));
      row.emplace_back(flop);
      row.push_back(plan.calibration ? Cell(flop / plan.calibration->flops_per_second) : Cell());
      for (const auto& gpu : planned_gpus) row.emplace_back(gpu_seconds(flop, gpu));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

constexpr std::array<std::string_view, 3> main_tables = {"table1", "table2", "supp-table3"};

std::string main_tables_text(const ExperimentOutcome& outcome, Format format) {
  std::string text;
  for (const auto id : main_tables) {
    const auto found = std::ranges::find(outcome.tables, id, &PaperTable::id);
    if (found == outcome.tables.end()) continue;
    text += section(found->title, {.readable = found->table, .notes = found->notes, .tidy = {}}, format);
  }
  return text;
}

std::string as_markdown_list(std::string_view lines) {
  std::string list;
  while (!lines.empty()) {
    const auto line = lines.substr(0, lines.find('\n'));
    lines.remove_prefix(std::min(line.size() + 1, lines.size()));
    if (!line.empty()) list += fmt::format("- {}\n", line);
  }
  return list;
}

std::string verdicts(const ExperimentStudy& study, Format format) {
  auto outcome = study.outcome;
  outcome.example.reset();
  const auto notes = outcome_report(outcome).notes;
  const auto title = fmt::format("{}, seed {}", study.model, study.seed);
  return format == Format::md ? fmt::format("### {}\n\n{}\n", title, as_markdown_list(notes))
                              : fmt::format("{}\n\n{}\n", title, notes);
}

Table tidy_results(const ExperimentOutcome& outcome) {
  Table table;
  for (const auto& study : outcome.studies) {
    auto own = outcome_report(study.outcome).tidy;
    if (table.columns.empty()) {
      table.columns = {"model", "seed"};
      std::ranges::move(own.columns, std::back_inserter(table.columns));
    }
    for (auto& cells : own.rows) {
      std::vector<Cell> row = {study.model, static_cast<std::int64_t>(study.seed)};
      std::ranges::move(cells, std::back_inserter(row));
      table.rows.push_back(std::move(row));
    }
  }
  return table;
}

}  // namespace

std::string duration_text(double seconds) {
  constexpr double minute = 60;
  constexpr double hour = 60 * minute;
  constexpr double day = 24 * hour;
  if (seconds < 2 * minute) return fmt::format("{:.0f} s", seconds);
  if (seconds < 2 * hour) return fmt::format("{:.0f} min", seconds / minute);
  if (seconds < 2 * day) return fmt::format("{:.1f} h", seconds / hour);
  return fmt::format("{:.1f} days", seconds / day);
}

std::string render_plan(std::span<const ModelPlan> plans, Format format) {
  if (!is_for_a_reader(format)) return render({.readable = {}, .notes = {}, .tidy = tidy_plan(plans)}, format);
  std::string text;
  for (const auto& plan : plans)
    text += section(plan_title(plan), {.readable = readable_plan(plan), .notes = plan_notes(plan), .tidy = {}}, format);
  return text + (format == Format::latex ? "% " : "") + std::string(what_plans_leave_out);
}

std::string render_experiment(const ExperimentOutcome& outcome, Format format) {
  if (!is_for_a_reader(format)) return render({.readable = {}, .notes = {}, .tidy = tidy_results(outcome)}, format);
  auto text = main_tables_text(outcome, format);
  if (format == Format::latex) return text;
  for (const auto& study : outcome.studies) text += verdicts(study, format);
  return text;
}

}  // namespace w2s::cli
