#include "experiment/kept_encoder_comparison.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <vector>

#include "w2s/base.h"
#include "w2s/study.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// What the scores depend on: sweeps, which are as the results say, embeddings, and the predictors' options.
std::string origin_of(const fs::path& folder, const StudySettings& settings, const PredictorOptions& options) {
  const FitSettings fit{.encoder = settings.fit.encoder, .predictor = options};
  std::vector<std::string> text_encoders;
  std::ranges::transform(settings.text_encoders, std::back_inserter(text_encoders), with_path);
  return fmt::format("{}\n{}\n{}", read_file(folder / "results.json"), to_string(fit), fmt::join(text_encoders, "\n"));
}

fs::path seal_path(const fs::path& folder) { return folder / "encoders.seal"; }

// Another comparison may have been written over ours since.
std::string seal(const std::string& origin, const std::string& comparison) {
  return sha256(fmt::format("{}\n{}", origin, comparison));
}

bool is_kept(const fs::path& folder, const std::string& origin) {
  if (!fs::exists(seal_path(folder)) || !fs::exists(encoder_comparison_path(folder))) return false;
  return read_file(seal_path(folder)) == seal(origin, read_file(encoder_comparison_path(folder)));
}

}  // namespace

EncoderComparison kept_encoder_comparison(const fs::path& folder, const StudySettings& settings, const Job& job) {
  const auto options = handed_down(settings).fit.predictor;
  const auto origin = origin_of(folder, settings, options);
  if (is_kept(folder, origin)) return encoder_comparison_from_json(read_file(encoder_comparison_path(folder)));
  auto comparison = compare_encoders(folder, options, job);
  const auto text = encoder_comparison_to_json(comparison);
  write_file(encoder_comparison_path(folder), text);
  write_file(seal_path(folder), seal(origin, text));
  return comparison;
}

}  // namespace w2s
