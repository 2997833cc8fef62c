// What steering methods learn from: representations of samples, read in one pass a sample.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "w2s/job.h"
#include "w2s/prompt_reader.h"
#include "w2s/ranks.h"
#include "w2s/tokenized_sample.h"
#include "w2s/vector_source.h"

namespace w2s {

/// Representations of several samples of one model.
struct RepresentationSet {
  std::size_t samples = 0;
  std::size_t layers = 0;                       ///< L
  std::size_t width = 0;                        ///< d
  std::vector<std::size_t> prompt_layers = {};  ///< read at the steered token
  std::vector<float> differences = {};          ///< [samples][layers][width]: h_l(+) - h_l(-), the oracle vectors
  std::vector<float> prompts = {};              ///< [samples][prompt_layers][width]: h_l at the steered token
  std::vector<float> propensity = {};           ///< [samples]: logit(+) - logit(-), unsteered

  [[nodiscard]] std::span<const float> difference(std::size_t sample, std::size_t layer) const {
    return std::span(differences).subspan((sample * layers + layer) * width, width);
  }
  /// Of the prompt layer number `index` of `prompt_layers`.
  [[nodiscard]] std::span<const float> prompt(std::size_t sample, std::size_t index) const {
    return std::span(prompts).subspan((sample * prompt_layers.size() + index) * width, width);
  }
  /// One sample as a source sees it.
  [[nodiscard]] PromptReading input(std::size_t sample) const;
};

/// What is read of each sample beside the difference between its answers.
struct RepresentationRequest {
  std::vector<std::size_t> prompt_layers = {};  ///< the steered token's residual stream after these
  /// For a sweep that goes on from the prompts: how many tokens it computes once for all of them, and where it needs
  /// means. Without one: all that the samples have in common.
  std::optional<std::size_t> shared_prefix = {};
  std::set<std::size_t> mean_layers = {};
};

/// Reads a set, each reader on a thread of its own. Where `work_folder` is named, finished chunks of samples are kept
/// there, and found there when it is called again. Throws Error{data} for no samples, Error{interrupted} when the job
/// is stopped; what the readers throw.
[[nodiscard]] RepresentationSet read_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                                     const RepresentationRequest& request = {}, const Job& job = {},
                                                     const std::filesystem::path& work_folder = {});

/// A share of it, a chunk a piece, into the work folder alone: the first rank finds there what all have read. Throws
/// what it throws.
void read_share_of_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                   const RepresentationRequest& request, Share share,
                                   const std::filesystem::path& work_folder, const Job& job = {});

/// The mean over samples of h_l(+) - h_l(-), [layers][width], summed in double precision and in the samples' order.
[[nodiscard]] std::vector<float> mean_difference(const RepresentationSet& set);

/// How near a source comes to the oracle vectors of `held_out`, beside the mean difference of `training`: [layers].
[[nodiscard]] std::vector<OracleAgreement> agreement_with_oracle(const VectorSource& source,
                                                                 const RepresentationSet& training,
                                                                 const RepresentationSet& held_out);

}  // namespace w2s
