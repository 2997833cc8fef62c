// Whether steering at several layers at once beats steering at one: `auto:K` against `auto`, on a study's samples.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/evaluation.h"
#include "w2s/job.h"
#include "w2s/model.h"
#include "w2s/sweep_executor.h"

namespace w2s {

struct MultiLayerSettings {
  std::filesystem::path model;                 ///< that of the study
  std::vector<std::string> data;               ///< as for read_behaviors: that of the study
  std::vector<std::size_t> layer_counts = {};  ///< K of `auto:K`; 1 is always measured
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0};                 ///< a context of 0: as much as the samples need
  ExecutorChoice executor = ExecutorChoice::automatic;  ///< automatic: what the study was swept by, if it can
  EvaluationOptions evaluation;
};

/// A policy that steers at one or several layers, measured in one go with those it is compared with.
struct MultiLayerResult {
  /// As in results.json, without regret and accuracy: which single layer is best says nothing about several. Policies
  /// are "fixed" and "auto", both at one layer; "fixed-best<K>": the K layers that steer the fitting samples best on
  /// average share the multiplier equally; and "auto:<K>": the predictor's K most likely layers share it in proportion
  /// to their probabilities.
  PolicyResult result;
  std::string predictor = {};                ///< that of auto: the default policy, "w2s-top1" or another
  std::size_t layers = 1;                    ///< K
  double largest_share = 1;                  ///< of the multiplier, at one layer: mean over samples and seeds
  std::optional<Interval> gain_over_single;  ///< over the same policy at one layer, per sample; absent for that one
};

struct MultiLayerOutcome {
  std::vector<MultiLayerResult> results;  ///< of all behaviours, with their mean where there are several
  /// By behaviour: the largest difference between a steerability at one layer here and in the study's own sweep.
  std::vector<std::pair<std::string, double>> difference_from_sweep;
};

/// Measures, at the sweep's multipliers, the steerability (slope of propensity over multiplier) of a study's samples
/// in BASE, of the part that `settings.evaluation` names: with the vectors and the default policy's predictors, all
/// seeds, of each method but those whose vectors need an input's own answers. Each layer has its share of the
/// multiplier, so that a multiplier means the same for one layer and for many. Throws Error{usage} for a count of
/// layers of 0, Error{results} for another model, chat template or data than the study's, or a study that is not
/// finished, Error{interrupted} when the job is stopped; what the engine throws.
[[nodiscard]] MultiLayerOutcome evaluate_multi_layer(const std::filesystem::path& folder,
                                                     const MultiLayerSettings& settings, const Job& job = {});

}  // namespace w2s
