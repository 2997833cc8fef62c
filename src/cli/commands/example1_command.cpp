#include <fmt/format.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/print/output.h"
#include "w2s/experiment.h"

namespace w2s::cli {
namespace {

using example1::InputCase;
using example1::model;
using example1::Pass;

// A step of the proof: what it is about, and its lines.
struct Step {
  std::string title;
  std::vector<std::string> lines;
};

std::string tuple(std::span<const int> numbers) { return fmt::format("({})", fmt::join(numbers, ", ")); }

std::string matrix(std::span<const example1::Hidden> rows) {
  std::string text;
  for (const auto& row : rows) text += (text.empty() ? "" : "; ") + fmt::format("{}", fmt::join(row, " "));
  return "[" + text + "]";
}

std::string kind_of(const InputCase& input) { return input.is_positive ? "positive" : "negative"; }

Step model_step() {
  std::string embeddings;
  for (std::size_t i = 0; i < example1::token_count; ++i)
    embeddings += fmt::format("{}e_{} = {}", i > 0 ? ", " : "", i + 1, tuple(model.embeddings[i]));
  return {"The model, from a token x to the logits z of the next token",
          {"layer 1: h1 = e_x, with " + embeddings,
           fmt::format("layer 2: h2 = max(0, W1 h1 + b1), with W1 = {}, b1 = {}", matrix(model.w1), tuple(model.b1)),
           fmt::format("layer 3: z = W2 h2 + b2, with W2 = {}, b2 = {}", matrix(model.w2), tuple(model.b2)),
           "next token: that of the largest logit"}};
}

Step target_step() {
  return {"The target behavior and its responses",
          {"b(z) = z_1 + |z_2| - 3; the more positive, the more desirable",
           fmt::format("positive responses {}, negative responses {}, each with probability 1/2",
                       fmt::join(example1::positive_responses, " and "),
                       fmt::join(example1::negative_responses, " and "))}};
}

// "((2, -4) + (0, 4) - (0, 0) - (0, 2)) / 2 = (1, -1)"
std::string mean_difference(const example1::Derivation& derivation, example1::Hidden Pass::* state,
                            const example1::Hidden& vector) {
  std::string text;
  for (const auto& input : derivation.inputs) {
    if (input.token > 1) text += input.is_positive ? " + " : " - ";
    text += tuple(input.unsteered.*state);
  }
  return fmt::format("({}) / 2 = {}", text, tuple(vector));
}

Step vectors_step(const example1::Derivation& derivation) {
  return {"The steering vectors (CAA): mean over positive minus mean over negative responses",
          {"layer 1: v1 = " + mean_difference(derivation, &Pass::h1, derivation.vectors[0]),
           "layer 2: v2 = " + mean_difference(derivation, &Pass::h2, derivation.vectors[1])}};
}

std::string hidden_states(const InputCase& input, int layer, const example1::Derivation& derivation) {
  const auto& pass = layer == 0 ? input.unsteered : input.steered[static_cast<std::size_t>(layer - 1)];
  if (layer == 0) return fmt::format("h1 = {}, h2 = {}", tuple(pass.h1), tuple(pass.h2));
  const auto& unsteered = layer == 1 ? input.unsteered.h1 : input.unsteered.h2;
  const auto& vector = derivation.vectors[static_cast<std::size_t>(layer - 1)];
  const auto addition = fmt::format("{} + {}", tuple(unsteered), tuple(vector));
  return layer == 1 ? fmt::format("h1 = {} = {}, h2 = {}", addition, tuple(pass.h1), tuple(pass.h2))
                    : fmt::format("h1 = {}, h2 = {} = {}", tuple(pass.h1), addition, tuple(pass.h2));
}

std::string behavior_of(const Pass& pass) {
  return fmt::format("z = {}, b = {} + |{}| - 3 = {}, next token {}", tuple(pass.logits), pass.logits[0],
                     pass.logits[1], pass.behavior, pass.next_token);
}

Step input_step(const InputCase& input, const example1::Derivation& derivation) {
  const auto behavior_at = [&](int layer) { return input.steered[static_cast<std::size_t>(layer - 1)].behavior; };
  const int other = 3 - input.optimal_layer;
  const int before = input.unsteered.behavior;
  return {fmt::format("Input {}, a {} response, is optimally steered at layer {}", input.token, kind_of(input),
                      input.optimal_layer),
          {"unsteered: " + hidden_states(input, 0, derivation), "  " + behavior_of(input.unsteered),
           "steered at layer 1: " + hidden_states(input, 1, derivation), "  " + behavior_of(input.steered[0]),
           "steered at layer 2: " + hidden_states(input, 2, derivation), "  " + behavior_of(input.steered[1]),
           fmt::format("layer {} aligns: b from {} to {}; layer {} misaligns: b from {} to {}", input.optimal_layer,
                       before, behavior_at(input.optimal_layer), other, before, behavior_at(other))}};
}

std::string linear_formula() {
  const auto& [weights, constant] = example1::linear_target;
  std::string text;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (weights[i] == 0) continue;
    const auto factor = weights[i] == 1 ? "" : fmt::format("{} ", weights[i]);
    text += fmt::format("{}{}z_{}", text.empty() ? "" : " + ", factor, i + 1);
  }
  return fmt::format("{} - {}", text, -constant);
}

// "1/2" and "1" for 1 and 2 halves.
std::string halves(int count) { return count % 2 == 0 ? fmt::format("{}", count / 2) : fmt::format("{}/2", count); }

Step first_remark_step() {
  return {
      "Why (remark 1): b is not linear in the logits",
      {"in a state (p, q) after layer 2, b = p + |2q - 2| - 3",
       "it rises with the concept p, which both vectors raise by 1",
       "it falls with the concept q until q = 1, and rises from there; v1 lowers q, but not below 0; v2 raises it"}};
}

Step linear_step(const example1::Derivation& derivation) {
  std::vector<std::string> advantages;
  std::vector<std::string> values;
  for (const auto& input : derivation.inputs) {
    advantages.push_back(halves(input.layer2_advantage));
    values.push_back(fmt::format("  input {}: {} unsteered, {} at layer 1, {} at layer 2", input.token,
                                 input.unsteered.linear, input.steered[0].linear, input.steered[1].linear));
  }
  Step step = {"With a target linear in the logits, layer 2 is always the best",
               {fmt::format("z(steered at 2) - z(steered at 1) = a (z(2) - z(4)), with a = {} for inputs 1 to 4",
                            fmt::join(advantages, ", ")),
                "  and z(2), z(4) the unsteered logits of the positive response 2 and the negative response 4",
                "a linear target above 0 for positive and below 0 for negative responses is higher for 2 than for 4",
                "  so it gains more from layer 2 than from layer 1, at every input",
                fmt::format("for example {}:", linear_formula())}};
  step.lines.insert(step.lines.end(), values.begin(), values.end());
  return step;
}

std::vector<Step> steps(const example1::Derivation& derivation) {
  std::vector<Step> all = {model_step(), target_step(), vectors_step(derivation)};
  for (const auto& input : derivation.inputs) all.push_back(input_step(input, derivation));
  all.push_back(first_remark_step());
  all.push_back(linear_step(derivation));
  return all;
}

// A line that is indented belongs to the one before.
std::string markdown_item(const std::string& line) {
  const auto indent = line.find_first_not_of(' ');
  return fmt::format("{}- `{}`\n", std::string(indent, ' '), line.substr(indent));
}

std::string text_of(const std::vector<Step>& steps, bool is_markdown) {
  std::string text;
  for (const auto& step : steps) {
    text += is_markdown ? fmt::format("### {}\n\n", step.title) : step.title + "\n";
    for (const auto& line : step.lines) text += is_markdown ? markdown_item(line) : "  " + line + "\n";
    text += '\n';
  }
  return text;
}

std::vector<Cell> pass_row(const InputCase& input, std::optional<int> layer, const Pass& pass) {
  return cells(input.token, kind_of(input), layer, pass.h1[0], pass.h1[1], pass.h2[0], pass.h2[1], pass.logits[0],
               pass.logits[1], pass.logits[2], pass.logits[3], pass.next_token, pass.behavior, pass.linear,
               input.optimal_layer, input.linear_optimal_layer);
}

Report example1_report(const example1::Derivation& derivation) {
  Table inputs{.columns = columns_named(
                   {"input", "response", "b", "b at layer 1", "b at layer 2", "optimal layer", "of the linear target"}),
               .rows = {}};
  Table passes{.columns = columns_named({"input", "response", "steered_layer", "h1_1", "h1_2", "h2_1", "h2_2", "z_1",
                                         "z_2", "z_3", "z_4", "next_token", "behavior", "linear", "optimal_layer",
                                         "linear_optimal_layer"}),
               .rows = {}};
  for (const auto& input : derivation.inputs) {
    inputs.rows.push_back(cells(input.token, kind_of(input), input.unsteered.behavior, input.steered[0].behavior,
                                input.steered[1].behavior, input.optimal_layer, input.linear_optimal_layer));
    passes.rows.push_back(pass_row(input, std::nullopt, input.unsteered));
    passes.rows.push_back(pass_row(input, 1, input.steered[0]));
    passes.rows.push_back(pass_row(input, 2, input.steered[1]));
  }
  return {.table = inputs, .for_programs = passes};
}

}  // namespace

void example1_command(const Arguments& arguments, const Console& console) {
  OutputOptions output;
  CommandLine line("example1",
                   "Works through Example 1 of the paper: a model of four tokens whose inputs have different optimal "
                   "layers, in whole numbers that can be followed with a pencil. The paper's own numbers are lost in "
                   "our copy of it; these are constructed anew, and all that the paper says of its example holds.",
                   "w2s example1");
  output.add_format_to(line);
  output.add_file_to(line);
  if (!line.parse(arguments, console)) return;

  output.check();
  const auto derivation = example1::derive();
  const auto format = output.format();
  const bool is_for_a_reader = format == Format::table || format == Format::md;
  const auto proof = is_for_a_reader ? text_of(steps(derivation), format == Format::md) : "";
  output.deliver(proof + render(example1_report(derivation), format), console);
}

}  // namespace w2s::cli
