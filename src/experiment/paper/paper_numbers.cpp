#include "experiment/paper/paper_numbers.h"

#include <algorithm>
#include <cctype>
#include <string>

namespace w2s::paper {
namespace {

constexpr std::string_view llama = "Llama-2-7B-Chat";
constexpr std::string_view qwen = "Qwen1.5-14B-Chat";

// BASE is Supp. Table 3, which repeats Table 1; the other variants are Table 2.
constexpr auto policies = std::to_array<PolicyNumbers>({
    {llama, "caa", "BASE", "fixed", 1.259, 0.014, 0.754, 0.005},
    {llama, "caa", "BASE", "w2s-top1", 1.502, 0.019, 0.846, 0.012},
    {llama, "caa", "BASE", "w2s-top2", 1.531, 0.024, 0.852, 0.008},
    {llama, "caa", "BASE", "w2s-top3", 1.538, 0.028, 0.856, 0.008},
    {llama, "l2s", "BASE", "fixed", 2.098, 0.009, 0.899, 0.001},
    {llama, "l2s", "BASE", "w2s-top1", 2.363, 0.051, 0.918, 0.011},
    {llama, "l2s", "BASE", "w2s-top2", 2.374, 0.054, 0.926, 0.009},
    {llama, "l2s", "BASE", "w2s-top3", 2.417, 0.037, 0.930, 0.006},
    {qwen, "caa", "BASE", "fixed", 1.493, 0.011, 0.833, 0.004},
    {qwen, "caa", "BASE", "w2s-top1", 1.675, 0.015, 0.854, 0.004},
    {qwen, "caa", "BASE", "w2s-top2", 1.747, 0.014, 0.859, 0.004},
    {qwen, "caa", "BASE", "w2s-top3", 1.745, 0.016, 0.858, 0.004},
    {qwen, "l2s", "BASE", "fixed", 1.888, 0.015, 0.875, 0.004},
    {qwen, "l2s", "BASE", "w2s-top1", 2.071, 0.035, 0.918, 0.010},
    {qwen, "l2s", "BASE", "w2s-top2", 2.104, 0.027, 0.916, 0.008},
    {qwen, "l2s", "BASE", "w2s-top3", 2.141, 0.038, 0.920, 0.009},
    {llama, "caa", "SYS.POS", "fixed", 1.422, 0.015, 0.750, 0.004},
    {llama, "caa", "SYS.NEG", "fixed", 1.503, 0.009, 0.736, 0.002},
    {llama, "caa", "USER.POS", "fixed", 1.140, 0.010, 0.753, 0.002},
    {llama, "caa", "USER.NEG", "fixed", 1.028, 0.011, 0.701, 0.004},
    {llama, "caa", "SYS.POS", "w2s-top1", 1.821, 0.034, 0.790, 0.006},
    {llama, "caa", "SYS.NEG", "w2s-top1", 1.902, 0.046, 0.780, 0.010},
    {llama, "caa", "USER.POS", "w2s-top1", 1.674, 0.024, 0.784, 0.007},
    {llama, "caa", "USER.NEG", "w2s-top1", 1.172, 0.045, 0.741, 0.014},
    {llama, "l2s", "SYS.POS", "fixed", 2.456, 0.009, 0.955, 0.003},
    {llama, "l2s", "SYS.NEG", "fixed", 2.620, 0.004, 0.945, 0.002},
    {llama, "l2s", "USER.POS", "fixed", 2.102, 0.014, 0.921, 0.001},
    {llama, "l2s", "USER.NEG", "fixed", 1.977, 0.009, 0.899, 0.002},
    {llama, "l2s", "SYS.POS", "w2s-top1", 2.802, 0.020, 0.970, 0.003},
    {llama, "l2s", "SYS.NEG", "w2s-top1", 2.944, 0.022, 0.964, 0.005},
    {llama, "l2s", "USER.POS", "w2s-top1", 2.535, 0.018, 0.950, 0.004},
    {llama, "l2s", "USER.NEG", "w2s-top1", 2.195, 0.027, 0.932, 0.009},
    {qwen, "caa", "SYS.POS", "fixed", 1.427, 0.006, 0.779, 0.002},
    {qwen, "caa", "SYS.NEG", "fixed", 1.143, 0.032, 0.693, 0.006},
    {qwen, "caa", "USER.POS", "fixed", 1.295, 0.018, 0.768, 0.004},
    {qwen, "caa", "USER.NEG", "fixed", 0.939, 0.040, 0.686, 0.012},
    {qwen, "caa", "SYS.POS", "w2s-top1", 1.685, 0.024, 0.833, 0.005},
    {qwen, "caa", "SYS.NEG", "w2s-top1", 1.472, 0.019, 0.723, 0.007},
    {qwen, "caa", "USER.POS", "w2s-top1", 1.454, 0.028, 0.803, 0.009},
    {qwen, "caa", "USER.NEG", "w2s-top1", 1.154, 0.034, 0.709, 0.008},
    {qwen, "l2s", "SYS.POS", "fixed", 1.829, 0.009, 0.857, 0.001},
    {qwen, "l2s", "SYS.NEG", "fixed", 1.683, 0.016, 0.879, 0.002},
    {qwen, "l2s", "USER.POS", "fixed", 1.434, 0.019, 0.779, 0.005},
    {qwen, "l2s", "USER.NEG", "fixed", 1.060, 0.035, 0.722, 0.008},
    {qwen, "l2s", "SYS.POS", "w2s-top1", 2.192, 0.014, 0.866, 0.004},
    {qwen, "l2s", "SYS.NEG", "w2s-top1", 1.897, 0.023, 0.914, 0.007},
    {qwen, "l2s", "USER.POS", "w2s-top1", 1.634, 0.016, 0.785, 0.007},
    {qwen, "l2s", "USER.NEG", "w2s-top1", 1.316, 0.040, 0.748, 0.001},
});

struct LabelLayers {
  std::string_view behavior;
  std::array<double, 3> llama;
  std::array<double, 3> qwen;
};

constexpr auto label_layer_counts = std::to_array<LabelLayers>({
    {"anti-LGBTQ", {26, 20, 14}, {30, 23, 17}},
    {"not-threat", {27, 18, 16}, {38, 32, 25}},
    {"not-watched", {25, 24, 20}, {34, 28, 28}},
    {"corrigible", {21, 12, 8}, {38, 30, 24}},
    {"myopic", {23, 17, 12}, {28, 22, 18}},
    {"narcissism", {28, 24, 21}, {39, 36, 30}},
    {"openness", {25, 18, 15}, {37, 34, 28}},
    {"awareness-good", {17, 12, 11}, {38, 31, 25}},
    {"awareness-llm", {17, 13, 11}, {37, 27, 24}},
    {"awareness-web", {24, 16, 13}, {36, 25, 22}},
    {"utilitarianism", {23, 20, 19}, {32, 30, 26}},
    {"deontology", {31, 26, 20}, {39, 32, 29}},
    {"physical-force", {29, 23, 20}, {35, 33, 32}},
    {"mean", {24.3, 18.7, 15.4}, {35.4, 29.5, 25.2}},
});

constexpr auto optima = std::to_array<OptimumNumbers>({{llama, 55, 3.8}, {qwen, 86, 6.5}});

std::string letters_and_digits(std::string_view text) {
  std::string kept;
  for (const unsigned char letter : text)
    if (std::isalnum(letter) != 0) kept += static_cast<char>(std::tolower(letter));
  return kept;
}

bool says_only_how_weights_are_stored(std::string_view text) {
  while (!text.empty()) {
    constexpr std::array<std::string_view, 8> words = {"hf", "gguf", "bf16", "f16", "fp16", "f32", "fp32", "q80"};
    const auto word =
        std::ranges::find_if(words, [&](std::string_view candidate) { return text.starts_with(candidate); });
    if (word == words.end()) return false;
    text.remove_prefix(word->size());
  }
  return true;
}

}  // namespace

std::optional<std::string_view> model_name(std::string_view model) {
  const auto spelled = letters_and_digits(model);
  for (const auto name : {llama, qwen}) {
    const auto wanted = letters_and_digits(name);
    if (spelled.starts_with(wanted) &&
        says_only_how_weights_are_stored(std::string_view(spelled).substr(wanted.size())))
      return name;
  }
  return std::nullopt;
}

const PolicyNumbers* find_policy(std::string_view model, std::string_view method, std::string_view variant,
                                 std::string_view policy) {
  const auto name = model_name(model);
  const auto found = std::ranges::find_if(policies, [&](const PolicyNumbers& row) {
    return name == row.model && row.method == method && row.variant == variant && row.policy == policy;
  });
  return found == policies.end() ? nullptr : &*found;
}

std::optional<std::array<double, 3>> label_layers(std::string_view model, std::string_view behavior) {
  const auto name = model_name(model);
  const auto found = std::ranges::find(label_layer_counts, behavior, &LabelLayers::behavior);
  if (!name || found == label_layer_counts.end()) return std::nullopt;
  return name == llama ? found->llama : found->qwen;
}

const OptimumNumbers* find_optimum(std::string_view model) {
  const auto name = model_name(model);
  const auto found = std::ranges::find_if(optima, [&](const OptimumNumbers& row) { return name == row.model; });
  return found == optima.end() ? nullptr : &*found;
}

std::optional<double> silhouette(std::string_view encoder) {
  if (encoder.find("text-embedding-3-large") == std::string_view::npos) return std::nullopt;
  return 0.62;
}

}  // namespace w2s::paper
