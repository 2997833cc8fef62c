// What a report shows, as a plain value, apart from where it comes from and how it is written into a page.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "w2s/data.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s::report {

/// How the predictors of one policy came to be.
struct PredictorReport {
  std::string policy;  ///< as in results: "w2s-top1"
  std::vector<std::size_t> layers;
  PredictorSettings settings;
  std::size_t epochs = 0;
  std::size_t seeds = 0;
  std::vector<CrossValidationScore> scores;
  std::vector<TrainingCurve> curves;
};

/// One method on one behaviour. Samples are in the order of BehaviorReport's.
struct MethodReport {
  std::string encoder;
  std::string fixed_layer_method;
  std::string default_policy;
  LayerAnalysis analysis;
  std::vector<PredictorReport> predictors;
  std::optional<OracleAgreement> agreement;
  std::vector<PropensityMap> propensity;                    ///< [samples]
  std::vector<std::size_t> best;                            ///< [samples]: the model layer that steers it most
  std::map<std::string, std::vector<std::size_t>> choices;  ///< by policy, [samples]: the first seed's model layer
  std::vector<float> probabilities;                         ///< [samples][layers of the default policy's predictor]
};

struct BehaviorReport {
  std::string name;
  std::optional<NoiseFloor> noise;
  std::vector<StageTime> times;
  std::vector<std::string> ids;     ///< [samples]
  std::vector<SplitPart> parts;     ///< [samples]
  std::vector<PromptText> prompts;  ///< [samples], or none where they were not kept
  std::vector<MethodReport> methods;
};

struct ReportData {
  std::string title;
  SettingsFile settings;
  std::string w2s_version;
  std::string llama_version;
  std::size_t model_layers = 0;
  std::vector<std::size_t> layers;   ///< swept, ascending
  std::vector<float> multipliers;    ///< ascending
  std::vector<std::string> methods;  ///< to show: without those that were swept for another one's fixed layer alone
  std::vector<BehaviorReport> behaviors;
  std::vector<PolicyResult> results;
  std::optional<EncoderComparison> encoders;
};

}  // namespace w2s::report
