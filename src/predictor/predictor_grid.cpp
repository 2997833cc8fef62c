#include "w2s/predictor.h"

namespace w2s {

std::vector<PredictorSettings> PredictorGrid::settings() const {
  std::vector<PredictorSettings> all;
  for (const double learning_rate : learning_rates) {
    for (const std::size_t hidden_width : hidden_widths) {
      for (const std::size_t layers : hidden_layers) {
        for (const double weight_decay : weight_decays) {
          all.push_back({learning_rate, hidden_width, layers, weight_decay});
        }
      }
    }
  }
  return all;
}

// AdamW multiplies weight decay by the learning rate, and a fold takes only some hundred steps: the usual 0.01 would do
// nothing, and it is values around 10 that keep a network from learning some hundred samples by heart.
PredictorGrid default_predictor_grid() {
  return {
      .learning_rates = {1e-3, 3e-3},
      .hidden_widths = {64, 256},
      .hidden_layers = {1, 2},
      .weight_decays = {1.0, 10.0, 30.0},
  };
}

}  // namespace w2s
