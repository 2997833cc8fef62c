// The W2S layer predictor (section 5): a shallow network from the prompt's embedding to the layer to steer at.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/job.h"
#include "w2s/layer_labels.h"
#include "w2s/steering_operator.h"

namespace w2s {

/// What a predictor is trained to do.
enum class Objective {
  cross_entropy,         ///< name each sample's label: its best layer, smoothed (the paper's)
  expected_steerability  ///< maximise the mean over samples of sum over layers of p(layer | prompt) s(layer)
};

/// "cross-entropy", "expected-steerability".
[[nodiscard]] std::string_view to_string(Objective objective);
/// The inverse. Throws Error{usage} that lists the objectives.
[[nodiscard]] Objective parse_objective(std::string_view name);

/// Which of the W2S policies a predictor is: what it was trained to do, and on which labels. Ordered as in tables.
struct PredictorPolicy {
  Objective objective = Objective::cross_entropy;
  std::size_t top_k = 1;  ///< of the labels; 1 for expected steerability

  auto operator<=>(const PredictorPolicy&) const = default;
};

/// "top1", "top2", ..., "expected"; in results behind "w2s-".
[[nodiscard]] std::string to_string(const PredictorPolicy& policy);

/// One point of the search space.
struct PredictorSettings {
  double learning_rate = 1e-3;
  std::size_t hidden_width = 64;
  std::size_t hidden_layers = 1;
  double weight_decay = 1e-2;

  bool operator==(const PredictorSettings&) const = default;
};

/// The values cross-validation chooses from (Supp. Table 3 of the paper; its values were lost, these are ours).
struct PredictorGrid {
  std::vector<double> learning_rates;
  std::vector<std::size_t> hidden_widths;
  std::vector<std::size_t> hidden_layers;
  std::vector<double> weight_decays;

  /// Every combination, in a fixed order.
  [[nodiscard]] std::vector<PredictorSettings> settings() const;
};

/// Ends within a minute or two on 2 cores for 400 samples of 576 dimensions, three values of k together.
[[nodiscard]] PredictorGrid default_predictor_grid();

struct PredictorOptions {
  PredictorGrid grid = default_predictor_grid();
  std::size_t folds = 5;
  std::size_t batch = 128;  ///< the paper's
  std::size_t max_epochs = 200;
  std::size_t patience = 20;  ///< epochs without a better validation loss before a fold stops
  std::size_t seeds = 5;      ///< networks trained with the chosen settings
  std::uint64_t seed = 0;
  int threads = 0;  ///< one network a thread; 0: all cores. Does not change the result
};

/// What cross-validation found for one point of the grid, as means over the folds' held-out samples.
struct CrossValidationScore {
  PredictorSettings settings;
  double steerability = 0;  ///< at the predicted layers: what the choice is made by
  double accuracy = 0;      ///< against the labels
  double epochs = 0;        ///< at which training was best
};

/// The score with the highest steerability; of equal ones the one with the smallest network, then the first. There is
/// at least one.
[[nodiscard]] const CrossValidationScore& best_score(std::span<const CrossValidationScore> scores);

/// How the loss of the objective fell in one fold of cross-validation, by epoch. For cross entropy it is the mean cross
/// entropy in nats, for expected steerability the mean of the negative expected reward (see fit_predictors). A value is
/// not finite where training diverged.
struct TrainingCurve {
  std::vector<double> training;  ///< [epochs]: mean over the epoch's samples, as the network was when it saw them
  std::vector<double> held_out;  ///< [epochs]: of the held-out samples, after the epoch

  bool operator==(const TrainingCurve&) const = default;
};

/// One layer of a network: weight * input + bias.
struct DenseLayer {
  std::vector<float> weight;  ///< [outputs][inputs]
  std::vector<float> bias;    ///< [outputs]
};

/// What a layer predictor consists of: softmax(network(embedding / |embedding| - mean)), with a ReLU after every dense
/// layer but the last.
struct PredictorParts {
  std::vector<std::size_t> layers;  ///< model layer of each class, ascending
  std::vector<float> mean;          ///< [width], of the unit-length embeddings it was trained on
  std::vector<DenseLayer> network;
};

/// Predicts the layer at which a prompt is steered.
class LayerPredictor {
 public:
  /// Throws Error{predictor} if the parts do not fit together or a value is not finite.
  explicit LayerPredictor(const PredictorParts& parts);

  [[nodiscard]] PredictorParts parts() const;

  /// The model layers it chooses among, ascending.
  [[nodiscard]] const std::vector<std::size_t>& layers() const noexcept;
  /// Length of an embedding.
  [[nodiscard]] std::size_t width() const noexcept;

  /// Probability of each of `layers()` for a prompt's embedding, which is scaled to unit length here. Throws
  /// Error{predictor} for another width or a value that is not finite.
  [[nodiscard]] std::vector<float> probabilities(std::span<const float> embedding) const;
  /// The most probable layer.
  [[nodiscard]] std::size_t layer(std::span<const float> embedding) const;

 private:
  struct State;
  std::shared_ptr<const State> state_;
};

/// All predictors fitted for one policy, and how they were chosen.
struct FittedPredictors {
  PredictorPolicy policy;
  PredictorSettings settings;                ///< the chosen ones
  std::size_t epochs = 0;                    ///< trained for
  std::vector<CrossValidationScore> scores;  ///< the whole grid
  std::vector<LayerPredictor> by_seed;       ///< [seeds]
  /// [folds], of the chosen settings; a fold ends `patience` epochs after its best one, or at `max_epochs`. Empty where
  /// there was nothing to train, and of a file that an older version wrote.
  std::vector<TrainingCurve> curves = {};
};

/// Fits predictors for one policy: labels, cross-validation over the grid by steerability at the predicted layers of
/// the held-out folds, then one network a seed on all samples. For expected steerability the classes are the layers
/// that are a sample's best, and the rewards are steerabilities less the sample's mean over these layers, in units of
/// the root mean square of that difference, so that learning rates mean the same for models that react strongly and
/// hardly. Early stopping in a fold is by the held-out loss of the objective. Inputs are scaled to unit length, centred
/// and rotated onto their principal axes, which changes nothing a network could not learn and makes a wide encoder as
/// cheap as the number of samples; a predictor's first layer has the rotation folded into it. Where all samples have
/// the same label there is nothing to train: the predictors always answer that layer. `embeddings` is [samples][width].
/// Throws Error{predictor} for fewer samples than folds, an empty grid, or values that are not finite; Error{usage} for
/// options or a k out of range; Error{interrupted} when the job is stopped.
[[nodiscard]] FittedPredictors fit_predictors(std::span<const float> embeddings, const SteerabilityMatrix& steerability,
                                              const PredictorPolicy& policy, const PredictorOptions& options,
                                              const Job& job = {});

/// The cross-validation of fit_predictors alone: the scores of the whole grid. Throws what it does.
[[nodiscard]] std::vector<CrossValidationScore> cross_validate_predictors(std::span<const float> embeddings,
                                                                          const SteerabilityMatrix& steerability,
                                                                          const PredictorPolicy& policy,
                                                                          const PredictorOptions& options,
                                                                          const Job& job = {});

/// What predictor.gguf holds: the predictors of one or several policies, and what they expect.
struct PredictorFile {
  std::string encoder;  ///< name of the prompt encoder
  std::string behavior;
  std::string method = "caa";                      ///< of the vectors whose best layers it learned
  std::optional<SteeringOperator> operation = {};  ///< of that sweep; absent where an older version wrote the file
  std::string model_architecture;
  std::size_t model_layers = 0;
  std::size_t fixed_layer = 0;  ///< the best fixed layer of the same samples
  /// Whose sweep chose the fixed layer: the method itself, but for L2S the oracle vectors (as in the paper).
  std::string fixed_layer_method = "caa";
  PredictorPolicy default_policy;  ///< what is used where none is asked for
  std::map<PredictorPolicy, FittedPredictors> by_policy;
  std::map<std::string, std::string> notes;
};

/// GGUF. A predictor that was written and read again gives bit for bit the same probabilities; training curves are
/// kept as F32.
/// Throws Error{io}; reading also Error{predictor} for a file of another kind or with parts missing.
void write_predictors(const std::filesystem::path& path, const PredictorFile& predictors);
[[nodiscard]] PredictorFile read_predictors(const std::filesystem::path& path);

}  // namespace w2s
