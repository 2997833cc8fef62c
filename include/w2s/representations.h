// What steering methods learn from: representations of samples, read in one decode a sample.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/job.h"
#include "w2s/prompt_reader.h"
#include "w2s/ranks.h"
#include "w2s/tokenized_sample.h"
#include "w2s/vector_source.h"

namespace w2s {

/// The residual stream at the token where the answers differ, once with each answer.
struct AnswerRepresentations {
  std::vector<float> chosen;    ///< [layers][width]: h_l(+)
  std::vector<float> rejected;  ///< [layers][width]: h_l(-)
};

/// Reads both answers' representations with one decode: the prompt once, then one row an answer that shares it. Clears
/// the decoder.
[[nodiscard]] AnswerRepresentations answer_representations(Decoder& decoder, const TokenizedSample& sample);

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
  [[nodiscard]] InputRepresentation input(std::size_t sample) const;
};

/// Reads a set, one sample a decoder at a time, each on a thread of its own; what all prompts begin with is decoded
/// once. Where `work_folder` is named, finished chunks of samples are kept there, and read instead of decoded when it
/// is called again. Throws Error{data} for no samples, Error{interrupted} when the job is stopped.
[[nodiscard]] RepresentationSet read_representations(std::span<Decoder> decoders,
                                                     std::span<const TokenizedSample> samples,
                                                     std::span<const std::size_t> prompt_layers, const Job& job = {},
                                                     const std::filesystem::path& work_folder = {});

/// The same for a model that is computed layer by layer, each reader on a thread of its own; what it reads it leaves to
/// the sweep, as far as its cache goes. The readers begin with what the prompts have in common.
[[nodiscard]] RepresentationSet read_representations(std::span<PromptReader> readers,
                                                     std::span<const TokenizedSample> samples,
                                                     std::span<const std::size_t> prompt_layers, const Job& job = {},
                                                     const std::filesystem::path& work_folder = {});

/// Decodes a share of what read_representations would, a chunk a piece, into its work folder alone: it finds there what
/// the ranks have decoded. Throws what it throws.
void decode_representations(std::span<Decoder> decoders, std::span<const TokenizedSample> samples,
                            std::span<const std::size_t> prompt_layers, Share share,
                            const std::filesystem::path& work_folder, const Job& job = {});
void decode_representations(std::span<PromptReader> readers, std::span<const TokenizedSample> samples,
                            std::span<const std::size_t> prompt_layers, Share share,
                            const std::filesystem::path& work_folder, const Job& job = {});

/// What a source needs of one input. Clears the decoder.
[[nodiscard]] InputRepresentation read_input(Decoder& decoder, const TokenizedSample& sample, const InputNeeds& needs);

/// The mean over samples of h_l(+) - h_l(-), [layers][width], summed in double precision and in the samples' order.
[[nodiscard]] std::vector<float> mean_difference(const RepresentationSet& set);

/// How near a source comes to the oracle vectors of `held_out`, beside the mean difference of `training`: [layers].
[[nodiscard]] std::vector<OracleAgreement> agreement_with_oracle(const VectorSource& source,
                                                                 const RepresentationSet& training,
                                                                 const RepresentationSet& held_out);

}  // namespace w2s
