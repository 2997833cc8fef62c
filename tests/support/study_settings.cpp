#include "support/study_settings.h"

namespace w2s::test {

StudySettings tiny_study(const std::filesystem::path& model, const std::filesystem::path& data) {
  StudySettings study;
  study.model = model;
  study.data = {data.string()};
  study.top_k = {1};
  study.predictor.grid = {
      .learning_rates = {1e-2}, .hidden_widths = {8}, .hidden_layers = {1}, .weight_decays = {1e-2}};
  study.predictor.folds = 3;
  study.predictor.seeds = 1;
  study.predictor.max_epochs = 10;
  study.decoder.threads = 1;
  study.evaluation.bootstrap_draws = 100;
  return study;
}

}  // namespace w2s::test
