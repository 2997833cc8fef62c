// What the paper reports, as printed there.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace w2s::paper {

/// The name that the paper gives a model, or nothing: "Qwen-1.5-14B-chat", "qwen1_5-14b-chat-f16" and the like are
/// "Qwen1.5-14B-Chat". What follows the name may only say how the weights are stored.
[[nodiscard]] std::optional<std::string_view> model_name(std::string_view model);

/// Means over the 13 behaviours, with standard deviations: a row of Table 1 or Supp. Table 3 (BASE), a cell pair of
/// Table 2 (other variants).
struct PolicyNumbers {
  std::string_view model;
  std::string_view method;
  std::string_view variant;
  std::string_view policy;
  double steerability = 0;
  double steerability_sd = 0;
  double proportion = 0;
  double proportion_sd = 0;
};

/// Null for what the paper does not report. `model` is any spelling of the name.
[[nodiscard]] const PolicyNumbers* find_policy(std::string_view model, std::string_view method,
                                               std::string_view variant, std::string_view policy);

/// Supp. Table 4: layers that are some sample's Top-1, Top-2, Top-3 label; of a behaviour or "mean".
[[nodiscard]] std::optional<std::array<double, 3>> label_layers(std::string_view model, std::string_view behavior);

/// Section 4, means over the behaviours with CAA.
struct OptimumNumbers {
  std::string_view model;
  double gain_percent = 0;         ///< of each input's best layer over the fixed one
  double distance_from_fixed = 0;  ///< of the best layer
};
[[nodiscard]] const OptimumNumbers* find_optimum(std::string_view model);

/// Section 6.2: the silhouette score of an encoder's embeddings; reported for one encoder.
[[nodiscard]] std::optional<double> silhouette(std::string_view encoder);

}  // namespace w2s::paper
