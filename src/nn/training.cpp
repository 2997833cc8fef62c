#include "nn/training.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

namespace w2s::nn {
namespace {

// Everything one training run needs, allocated once.
template <typename Scalar>
class Trainer {
 public:
  Trainer(Mlp<Scalar>& mlp, const Examples<Scalar>& examples, const TrainingOptions& options)
      : mlp_(mlp),
        examples_(examples),
        loss_(options.loss),
        pass_(mlp, options.batch),
        optimizer_(mlp.layers, options.optimizer),
        gradients_(zeros_like(mlp.layers)),
        inputs_(examples.inputs.rows(), options.batch),
        targets_(examples.targets.rows(), options.batch),
        order_(static_cast<std::size_t>(examples.count())) {
    std::iota(order_.begin(), order_.end(), Index{0});
  }

  // Returns the mean loss of the samples, each as the network was when it came to it: no pass is made for it.
  double run_epoch(Random& random) {
    double loss = 0;
    random.shuffle(std::span(order_));
    for (std::span<const Index> rest(order_); !rest.empty();) {
      const auto batch = rest.first(std::min(rest.size(), static_cast<std::size_t>(inputs_.cols())));
      loss += run_step(batch);
      rest = rest.subspan(batch.size());
    }
    return loss / static_cast<double>(order_.size());
  }

  [[nodiscard]] double mean_loss(const Examples<Scalar>& held_out) {
    double sum = 0;
    for (Index begin = 0; begin < held_out.count(); begin += pass_.max_batch()) {
      const Index columns = std::min(pass_.max_batch(), held_out.count() - begin);
      const auto outputs = pass_.forward(mlp_, held_out.inputs.middleCols(begin, columns));
      sum += summed_loss<Scalar>(loss_, outputs, held_out.targets.middleCols(begin, columns));
    }
    return sum / static_cast<double>(held_out.count());
  }

 private:
  // Returns the batch's summed loss.
  double run_step(std::span<const Index> batch) {
    Index columns = 0;
    for (const Index sample : batch) {
      inputs_.col(columns) = examples_.inputs.col(sample);
      targets_.col(columns) = examples_.targets.col(sample);
      ++columns;
    }
    const auto outputs = pass_.forward(mlp_, inputs_.leftCols(columns));
    const double loss = summed_loss<Scalar>(loss_, outputs, targets_.leftCols(columns));
    loss_gradient<Scalar>(loss_, outputs, targets_.leftCols(columns), pass_.output_gradient());
    pass_.backward(mlp_, inputs_.leftCols(columns), gradients_);
    optimizer_.step(mlp_.layers, gradients_);
    return loss;
  }

  Mlp<Scalar>& mlp_;
  const Examples<Scalar>& examples_;
  Loss loss_;
  BatchPass<Scalar> pass_;
  AdamW<Scalar> optimizer_;
  Parameters<Scalar> gradients_;
  Matrix<Scalar> inputs_;
  Matrix<Scalar> targets_;
  std::vector<Index> order_;
};

}  // namespace

template <typename Scalar>
void train(Mlp<Scalar>& mlp, const Examples<Scalar>& examples, std::size_t epochs, const TrainingOptions& options,
           Random& random) {
  Trainer<Scalar> trainer(mlp, examples, options);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) trainer.run_epoch(random);
}

template <typename Scalar>
TrainingOutcome train_with_early_stopping(Mlp<Scalar>& mlp, const Examples<Scalar>& examples,
                                          const Examples<Scalar>& held_out, const EarlyStopping& stopping,
                                          const TrainingOptions& options, Random& random) {
  Trainer<Scalar> trainer(mlp, examples, options);
  Parameters<Scalar> best = mlp.layers;
  TrainingOutcome outcome{.best_epoch = 0, .epochs = 0, .held_out_loss = std::numeric_limits<double>::infinity()};
  if (stopping.initial_counts) {
    const double loss = trainer.mean_loss(held_out);
    if (std::isfinite(loss)) outcome.held_out_loss = loss;
  }
  while (outcome.epochs < stopping.max_epochs && outcome.epochs - outcome.best_epoch < stopping.patience) {
    outcome.training_losses.push_back(trainer.run_epoch(random));
    ++outcome.epochs;
    const double loss = trainer.mean_loss(held_out);
    outcome.held_out_losses.push_back(loss);
    if (!(loss < outcome.held_out_loss)) continue;
    outcome.held_out_loss = loss;
    outcome.best_epoch = outcome.epochs;
    best = mlp.layers;
  }
  mlp.layers = std::move(best);
  return outcome;
}

template void train(Mlp<float>&, const Examples<float>&, std::size_t, const TrainingOptions&, Random&);
template void train(Mlp<double>&, const Examples<double>&, std::size_t, const TrainingOptions&, Random&);
template TrainingOutcome train_with_early_stopping(Mlp<float>&, const Examples<float>&, const Examples<float>&,
                                                   const EarlyStopping&, const TrainingOptions&, Random&);
template TrainingOutcome train_with_early_stopping(Mlp<double>&, const Examples<double>&, const Examples<double>&,
                                                   const EarlyStopping&, const TrainingOptions&, Random&);

}  // namespace w2s::nn
