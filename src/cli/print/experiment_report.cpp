#include "cli/print/experiment_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <numeric>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "cli/print/outcome_report.h"

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

double gpu_seconds(double flops, const Gpu& gpu) { return flops / (gpu.peak_flops * planned_utilization); }

double flops_on_a_gpu(const ModelPlan& plan) {
  return std::reduce(plan.flops_on_a_gpu.begin(), plan.flops_on_a_gpu.end()) * static_cast<double>(plan.seeds);
}

std::size_t samples_of(const ModelPlan& plan) {
  std::size_t samples = 0;
  for (const auto& behavior : plan.cost.behaviors) samples += behavior.samples;
  return samples;
}

// What is decoded for a behaviour of a model, or for all of them.
struct PlannedWork {
  const ModelPlan* plan = nullptr;
  std::string behavior;
  std::size_t samples = 0;
  DecodeCounts counts = {};
  double flop = 0;
  double flop_on_a_gpu = 0;
  std::uint64_t store_bytes = 0;
};

Fields<PlannedWork> planned_work_fields() {
  using Row = PlannedWork;
  const auto of_counts = [](auto count) { return [count](const Row& row) { return to_cell(row.counts.*count); }; };
  Fields<Row> fields = {
      {{.field = "model"}, [](const Row& row) { return Cell(row.plan->model); }},
      {column_named("behavior"), &Row::behavior},
      {{.field = "seeds"}, [](const Row& row) { return to_cell(row.plan->seeds); }},
      {column_named("samples"), &Row::samples},
      {column_named("prompts"), of_counts(&DecodeCounts::prompts)},
      {{"prompt_tokens", "prompt tokens"}, of_counts(&DecodeCounts::prompt_tokens)},
      {{"steered_rows", "steered rows"}, of_counts(&DecodeCounts::steered_rows)},
      {column_named("decodes"), of_counts(&DecodeCounts::decodes)},
      {{.heading = "TFLOP", .notation = decimals(1)}, [](const Row& row) { return to_cell(row.flop / tera); }},
      {{.field = "flop"}, &Row::flop},
      {{.field = "seconds_here"}, [](const Row& row) {
         const auto& calibration = row.plan->calibration;
         return calibration ? to_cell(row.flop / calibration->flops_per_second) : Cell();
       }}};
  for (const auto& gpu : planned_gpus) {
    fields.push_back({{.field = fmt::format("seconds_{}", gpu.name)},
                      [gpu](const Row& row) { return to_cell(gpu_seconds(row.flop_on_a_gpu, gpu)); }});
  }
  fields.push_back(
      {{.field = "executor"}, [](const Row& row) { return Cell(std::string(to_string(row.plan->cost.executor))); }});
  fields.push_back({{.field = "flop_on_a_gpu"}, &Row::flop_on_a_gpu});
  fields.push_back({{.field = "memory_bytes"}, [](const Row& row) { return to_cell(row.plan->cost.memory.total()); }});
  fields.push_back({{.field = "disk_bytes"}, [](const Row& row) { return to_cell(row.store_bytes); }});
  return fields;
}

Table table_of_plan(const ModelPlan& plan) {
  std::vector<PlannedWork> rows;
  for (const auto& behavior : plan.cost.behaviors)
    rows.push_back({.plan = &plan,
                    .behavior = behavior.behavior,
                    .samples = behavior.samples,
                    .counts = behavior.counts,
                    .flop = flops(plan.shape, behavior.counts)});
  const auto title = plan.seeds == 1 ? std::string("all") : fmt::format("all, {} seeds", plan.seeds);
  rows.push_back({&plan, title, samples_of(plan), plan.counts(), flops(plan.shape, plan.counts())});
  return table_of(planned_work_fields(), rows);
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

std::string bytes_text(std::uint64_t bytes) {
  constexpr double giga = 1e9;
  const auto amount = static_cast<double>(bytes);
  return amount < giga / 10 ? fmt::format("{:.1f} MB", amount / 1e6) : fmt::format("{:.1f} GB", amount / giga);
}

// Whether it is enough, where that is known.
std::string beside_what_is_free(std::uint64_t needed, const std::optional<std::uint64_t>& free) {
  if (!free) return "";
  return needed <= *free ? fmt::format(", of {} that are free", bytes_text(*free))
                         : fmt::format(": TOO MUCH for the {} that are free", bytes_text(*free));
}

std::string needs_lines(const ModelPlan& plan) {
  const auto& memory = plan.cost.memory;
  auto text = fmt::format("Executor: {}\nMemory: {} (model {}, key-value caches {}", to_string(plan.cost.executor),
                          bytes_text(memory.total()), bytes_text(memory.model), bytes_text(memory.key_value_caches));
  if (memory.kept_prompts > 0) text += fmt::format(", kept prompts {}", bytes_text(memory.kept_prompts));
  text += ")" + (plan.on_gpu ? ", most of it on the GPU" : beside_what_is_free(memory.total(), plan.available_memory));
  text += fmt::format(" (an estimate)\nDisk: sweeps of {}{} (an estimate)\n", bytes_text(plan.store_bytes()),
                      beside_what_is_free(plan.store_bytes(), plan.free_disk));
  return text;
}

std::string plan_notes(const ModelPlan& plan) {
  auto text = machine_line(plan);
  for (const auto& gpu : planned_gpus) {
    text += fmt::format("One {}: {} (at {:.0f}% of the {} TFLOP/s of its data sheet: an estimate)\n", gpu.name,
                        duration_text(gpu_seconds(flops_on_a_gpu(plan), gpu)), 100 * planned_utilization,
                        gpu.peak_flops / tera);
  }
  text += needs_lines(plan);
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

// With all seeds of each behaviour.
Table table_of_plans(std::span<const ModelPlan> plans) {
  std::vector<PlannedWork> rows;
  for (const auto& plan : plans) {
    const auto seeds = static_cast<double>(plan.seeds);
    for (std::size_t i = 0; i < plan.cost.behaviors.size(); ++i) {
      const auto& behavior = plan.cost.behaviors[i];
      auto& row =
          rows.emplace_back(PlannedWork{.plan = &plan, .behavior = behavior.behavior, .samples = behavior.samples});
      for (std::size_t seed = 0; seed < plan.seeds; ++seed) row.counts += behavior.counts;
      row.flop = flops(plan.shape, behavior.counts) * seeds;
      row.flop_on_a_gpu = plan.flops_on_a_gpu[i] * seeds;
      row.store_bytes = behavior.store_bytes * plan.seeds;
    }
  }
  return table_of(planned_work_fields(), rows);
}

constexpr std::array<std::string_view, 3> main_tables = {"table1", "table2", "supp-table3"};

std::string main_tables_text(const ExperimentOutcome& outcome, Format format) {
  std::string text;
  for (const auto id : main_tables) {
    const auto found = std::ranges::find(outcome.tables, id, &PaperTable::id);
    if (found == outcome.tables.end()) continue;
    text += section(found->title, {.table = found->table, .notes = found->notes}, format);
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

Table table_of_results(const ExperimentOutcome& outcome) {
  Table table;
  for (const auto& study : outcome.studies) {
    auto own = outcome_report(study.outcome).table;
    if (table.columns.empty()) {
      table.columns = columns_named({"model", "seed"});
      std::ranges::move(own.columns, std::back_inserter(table.columns));
    }
    for (auto& results : own.rows) {
      auto& row = table.rows.emplace_back(cells(study.model, study.seed));
      std::ranges::move(results, std::back_inserter(row));
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
  if (!is_for_a_reader(format)) return render({.table = table_of_plans(plans)}, format);
  std::string text;
  for (const auto& plan : plans)
    text += section(plan_title(plan), {.table = table_of_plan(plan), .notes = plan_notes(plan)}, format);
  return text + (format == Format::latex ? "% " : "") + std::string(what_plans_leave_out);
}

std::string render_experiment(const ExperimentOutcome& outcome, Format format) {
  if (!is_for_a_reader(format)) return render({.table = table_of_results(outcome)}, format);
  auto text = main_tables_text(outcome, format);
  if (format == Format::latex) return text;
  for (const auto& study : outcome.studies) text += verdicts(study, format);
  return text;
}

}  // namespace w2s::cli
