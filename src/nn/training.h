// Training a network on minibatches, for a number of epochs or until a held-out loss stops falling.
#pragma once

#include <cstddef>
#include <vector>

#include "base/random.h"
#include "nn/adamw.h"
#include "nn/loss.h"
#include "nn/mlp.h"

namespace w2s::nn {

template <typename Scalar>
struct Examples {
  Matrix<Scalar> inputs;   ///< [inputs][samples]
  Matrix<Scalar> targets;  ///< [outputs][samples]

  [[nodiscard]] Index count() const { return inputs.cols(); }
};

struct TrainingOptions {
  AdamWOptions optimizer = {};
  Loss loss = Loss::cross_entropy;
  Index batch = 128;
};

struct EarlyStopping {
  std::size_t max_epochs = 200;
  std::size_t patience = 20;    ///< epochs without a better held-out loss after which training ends
  bool initial_counts = false;  ///< the parameters as they come are kept unless training makes them better
};

struct TrainingOutcome {
  std::size_t best_epoch = 0;                ///< counted from 1; 0 if none was better than the start, or finite at all
  std::size_t epochs = 0;                    ///< run in all
  double held_out_loss = 0;                  ///< the best one
  std::vector<double> training_losses = {};  ///< [epochs]: means over the samples, each before the step it was part of
  std::vector<double> held_out_losses = {};  ///< [epochs]: after each epoch
};

/// Trains for `epochs` passes over the examples, each in an order drawn from `random`.
template <typename Scalar>
void train(Mlp<Scalar>& mlp, const Examples<Scalar>& examples, std::size_t epochs, const TrainingOptions& options,
           Random& random);

/// Trains until the loss on `held_out` has not become better for a while, and leaves in `mlp` the parameters at which
/// it was best (as they came, if it was never finite).
template <typename Scalar>
TrainingOutcome train_with_early_stopping(Mlp<Scalar>& mlp, const Examples<Scalar>& examples,
                                          const Examples<Scalar>& held_out, const EarlyStopping& stopping,
                                          const TrainingOptions& options, Random& random);

}  // namespace w2s::nn
