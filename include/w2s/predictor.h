// From a sweep to a predictor of the layer (section 5 of the paper), and what predicting is worth (section 6).
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

#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/decoding.h"
#include "w2s/table.h"

namespace w2s {

// From a sweep to classes: which layer each training sample is labelled with (section 5 and appendix E of the paper).

/// Steerability of samples at layers. The predictor and the evaluation work on this and know nothing of how it was
/// measured.
struct SteerabilityMatrix {
  std::size_t samples = 0;
  std::vector<std::size_t> layers;  ///< the model's layer of each column, ascending
  std::vector<double> values;       ///< [samples][layers]

  [[nodiscard]] std::span<const double> sample(std::size_t index) const {
    return std::span(values).subspan(index * layers.size(), layers.size());
  }
  /// The rows of some samples, in the order given.
  [[nodiscard]] SteerabilityMatrix select(std::span<const std::size_t> indices) const;
};

/// Labels of samples as classes; layers that are nobody's label are pruned.
struct LayerLabels {
  std::vector<std::size_t> layers;   ///< model layer of each class, ascending
  std::vector<std::size_t> classes;  ///< [samples]
};

/// Frequency label smoothing (eq. 7): each sample gets, among its k most steerable layers, the one that is most often a
/// sample's best; ties go to the layer that steers this sample more. k = 1 is the plain argmax. Throws Error{usage} for
/// k = 0 and Error{data} for no samples. Steerabilities that are equal rank by layer, lower first.
[[nodiscard]] LayerLabels label_layers(const SteerabilityMatrix& steerability, std::size_t top_k);

/// The column with the highest mean steerability: the fixed layer (section 6.1). The first of equal ones.
[[nodiscard]] std::size_t best_fixed_column(const SteerabilityMatrix& steerability);

// The W2S layer predictor (section 5): a shallow network from the prompt's embedding to the layer to steer at.

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

// How well each way of choosing the layer steers: fixed, predicted, optimal, and what chance would do (section 6).

/// One row of results.json: a policy on a set of samples. Standard deviations are over predictor seeds (or draws of the
/// random policy), and absent for a policy that has only one outcome.
struct PolicyResult {
  std::string behavior;
  std::string method = "caa";
  std::string variant = "BASE";
  std::string split = "test";
  std::string policy;                ///< fixed, fixed-own, w2s-top1, ..., w2s-expected, optimum, random, majority
  std::optional<std::size_t> layer;  ///< for a policy that steers every sample at the same one
  std::size_t samples = 0;
  double steerability = 0;
  std::optional<double> steerability_sd;
  double proportion_steerable = 0;
  std::optional<double> proportion_sd;
  std::optional<Interval> gain_over_fixed;  ///< in steerability, per sample; absent for fixed itself
  std::optional<double> regret;             ///< steerability of the optimum less the policy's, mean over samples
  std::optional<double> accuracy;           ///< share of samples steered at their best layer
};

/// The columns of results, in every table and file that has them; steerabilities with so many decimals for people.
[[nodiscard]] Fields<PolicyResult> policy_fields(int steerability_decimals = 3);

struct EvaluationOptions {
  std::size_t bootstrap_draws = 10000;
  double confidence = 0.95;
  std::size_t random_draws = 100;    ///< assignments of random layers
  SplitPart part = SplitPart::test;  ///< the samples that are evaluated on
  std::uint64_t seed = 0;
};

/// Samples to evaluate on, in one variant.
struct EvaluationSet {
  PromptVariant variant = PromptVariant::base;
  std::string split = "test";
  SteerabilityMatrix steerability;     ///< NaN where a sample was not swept
  std::vector<float> embeddings = {};  ///< [samples][width], for the predictors
};

/// Every policy on one set: fixed, majority, random, W2S for each policy of `predictors`, optimum, in this order. The
/// fixed layer is the best of `fitting` (training and validation samples), the majority layer its most frequent best
/// one: never chosen on the test samples. Where another method's sweep chose the predictors' fixed layer, that one is
/// fixed, and fixed-own, after it, is the best of `fitting`. Figures are means over predictor seeds (or random draws),
/// standard deviations those of a sample (over n - 1). A gain is each sample's difference to the fixed layer, averaged
/// over seeds, with a bootstrap interval over samples; the same seed gives the same interval. Where samples of `set`
/// were swept at some of the layers alone, optimum, random, regrets and accuracies are left out. Throws Error{data} for
/// no samples, Error{results} or Error{predictor} for a layer at which a sample was to be steered and was not swept,
/// Error{predictor} for embeddings of another width, Error{usage} for options out of range.
[[nodiscard]] std::vector<PolicyResult> evaluate(const std::string& behavior, const SteerabilityMatrix& fitting,
                                                 const PredictorFile& predictors, const EvaluationSet& set,
                                                 const EvaluationOptions& options = {});

/// The layers of the policies that steer every sample at the same one: fixed, fixed-own and majority. Ascending, each
/// once. Throws as evaluate does.
[[nodiscard]] std::vector<std::size_t> layers_of_baselines(const SteerabilityMatrix& fitting,
                                                           const PredictorFile& predictors);

/// Percentile bootstrap of the mean over samples (Efron, 1979). Throws Error{data} for no values, Error{usage} for no
/// draws or a confidence that is not between 0 and 1.
[[nodiscard]] Interval bootstrap_mean(std::span<const double> values, const EvaluationOptions& options);

/// The mean over behaviours of each (method, variant, split, policy) that all behaviours have, as behaviour "mean";
/// `samples` is their sum. Standard deviations and gains are left out: how the behaviours' outcomes vary together is
/// not in the rows. Empty for fewer than two behaviours.
[[nodiscard]] std::vector<PolicyResult> mean_over_behaviors(std::span<const PolicyResult> results);

/// {"results": [...]}, one object a row: the content of results.json. Absent figures are null.
[[nodiscard]] std::string results_to_json(std::span<const PolicyResult> results);
/// The inverse. Throws Error{results} that names the row and field.
[[nodiscard]] std::vector<PolicyResult> results_from_json(const std::string& text);

}  // namespace w2s
