#include "w2s/predictor.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/values.h"
#include "nn/loss.h"
#include "nn/mlp.h"
#include "predictor/training_set.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using RowMajorMap = Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;

Eigen::Index to_index(std::size_t size) { return static_cast<Eigen::Index>(size); }

[[noreturn]] void refuse(const std::string& what) { throw Error(ErrorKind::predictor, what); }

void check_layers(const std::vector<std::size_t>& layers) {
  if (layers.empty()) refuse("a layer predictor has no layers to choose among");
  if (std::ranges::adjacent_find(layers, std::greater_equal<>()) != layers.end()) {
    refuse("a layer predictor's layers are not in ascending order");
  }
}

nn::Dense<float> make_dense(const DenseLayer& dense, std::size_t inputs, std::size_t index) {
  const std::size_t outputs = dense.bias.size();
  if (outputs == 0 || dense.weight.size() != outputs * inputs) {
    refuse(fmt::format("dense layer {} of a layer predictor has {} weights instead of {} outputs x {} inputs", index,
                       dense.weight.size(), outputs, inputs));
  }
  if (!all_finite(dense.weight) || !all_finite(dense.bias)) {
    refuse(
        fmt::format("dense layer {} of a layer predictor has a value that is not finite: "
                    "fit it again, with a smaller learning rate",
                    index));
  }
  return {RowMajorMap(dense.weight.data(), to_index(outputs), to_index(inputs)),
          Eigen::Map<const Eigen::VectorXf>(dense.bias.data(), to_index(outputs))};
}

}  // namespace

struct LayerPredictor::State {
  std::vector<std::size_t> layers;
  Eigen::VectorXf mean;
  nn::Mlp<float> network;
};

LayerPredictor::LayerPredictor(const PredictorParts& parts) {
  check_layers(parts.layers);
  if (parts.mean.empty()) refuse("a layer predictor is for embeddings of no width");
  if (!all_finite(parts.mean)) refuse("a layer predictor's mean has a value that is not finite");
  if (parts.network.empty()) refuse("a layer predictor has no network");

  auto state = std::make_shared<State>();
  state->layers = parts.layers;
  state->mean = Eigen::Map<const Eigen::VectorXf>(parts.mean.data(), to_index(parts.mean.size()));
  std::size_t inputs = parts.mean.size();
  for (const DenseLayer& dense : parts.network) {
    state->network.layers.push_back(make_dense(dense, inputs, state->network.layers.size()));
    inputs = dense.bias.size();
  }
  if (inputs != parts.layers.size()) {
    refuse(fmt::format("a layer predictor's network has {} outputs for {} layers", inputs, parts.layers.size()));
  }
  state_ = std::move(state);
}

PredictorParts LayerPredictor::parts() const {
  const auto to_vector = [](const auto& values) { return std::vector<float>(values.begin(), values.end()); };
  PredictorParts parts{.layers = state_->layers, .mean = to_vector(state_->mean), .network = {}};
  for (const auto& dense : state_->network.layers) {
    parts.network.push_back({to_vector(dense.weight.transpose().reshaped()), to_vector(dense.bias)});
  }
  return parts;
}

const std::vector<std::size_t>& LayerPredictor::layers() const noexcept { return state_->layers; }

std::size_t LayerPredictor::width() const noexcept { return static_cast<std::size_t>(state_->mean.size()); }

std::vector<float> LayerPredictor::probabilities(std::span<const float> embedding) const {
  if (embedding.size() != width()) {
    refuse(
        fmt::format("the layer predictor is for embeddings of width {}, not {}: it belongs to another model or "
                    "prompt encoder",
                    width(), embedding.size()));
  }
  const Eigen::MatrixXf input = (unit_length(embedding) - state_->mean.cast<double>()).cast<float>();
  nn::BatchPass<float> pass(state_->network, 1);
  Eigen::MatrixXf outputs = pass.forward(state_->network, input);
  nn::softmax<float>(outputs);
  return {outputs.data(), outputs.data() + outputs.size()};
}

std::size_t LayerPredictor::layer(std::span<const float> embedding) const {
  const auto all = probabilities(embedding);
  return layers()[static_cast<std::size_t>(std::ranges::max_element(all) - all.begin())];
}

}  // namespace w2s
