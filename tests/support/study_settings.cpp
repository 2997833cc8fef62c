#include "support/study_settings.h"

namespace w2s::test {

StudySettings tiny_study(const std::filesystem::path& model, const std::filesystem::path& data) {
  StudySettings study;
  study.model = model;
  study.data = {data.string()};
  study.fit.top_k = {1};
  study.fit.predictor.grid = {
      .learning_rates = {1e-2}, .hidden_widths = {8}, .hidden_layers = {1}, .weight_decays = {1e-2}};
  study.fit.predictor.folds = 3;
  study.fit.predictor.seeds = 1;
  study.fit.predictor.max_epochs = 10;
  study.threads = 1;
  study.evaluation.bootstrap_draws = 100;
  return study;
}

}  // namespace w2s::test
