// Prompt encoders compared (section 6.2 and appendix C of the paper): how well they tell behaviours apart, and how well
// a layer predictor does that sees prompts through them.
#pragma once

#include <array>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "w2s/table.h"

namespace w2s {

/// How a predictor does on one behaviour with one encoder; Top-1 labels, trained by cross-entropy.
struct EncoderScore {
  std::string encoder;
  std::string behavior;
  std::string method;
  double cv_accuracy = 0;      ///< of held-out folds' samples, against their labels (Supp. Figures 10 and 11)
  double cv_steerability = 0;  ///< of held-out folds' samples, at the predicted layers
  double test_accuracy = 0;    ///< share of test samples steered at their best layer, mean over predictor seeds
  double test_steerability = 0;
};

/// Its columns, in every table and file that has them.
[[nodiscard]] Fields<EncoderScore> encoder_score_fields();

/// The shape of an encoder's embeddings over all behaviours of a folder (BASE).
struct EncoderSpace {
  std::string encoder;
  std::size_t width = 0;
  std::optional<double> silhouette;  ///< by behaviour, of unit-length embeddings; absent for fewer than two behaviours
  struct Point {
    std::string behavior;
    std::string sample;  ///< its id
    std::array<double, 2> umap;
  };
  std::vector<Point> points;  ///< Supp. Figure 9
};

struct EncoderComparison {
  std::vector<EncoderScore> scores;
  std::vector<EncoderSpace> spaces;
};

/// {"scores": [...], "spaces": [{"encoder", "width", "silhouette", "points": [...]}]}: the content of a results
/// folder's encoders.json.
[[nodiscard]] std::string encoder_comparison_to_json(const EncoderComparison& comparison);
/// The inverse. Throws Error{results} for anything else.
[[nodiscard]] EncoderComparison encoder_comparison_from_json(const std::string& text);

/// Where a results folder keeps the comparison of its encoders.
[[nodiscard]] std::filesystem::path encoder_comparison_path(const std::filesystem::path& folder);

}  // namespace w2s
