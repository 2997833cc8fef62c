// Contrastive activation addition (Rimsky et al., 2024; the paper's equation 2).
#pragma once

#include <span>
#include <vector>

#include "w2s/decoder.h"
#include "w2s/job.h"
#include "w2s/steering_vectors.h"
#include "w2s/tokenized_sample.h"

namespace w2s {

/// The residual stream at the token where the answers differ, once with each answer.
struct AnswerRepresentations {
  std::vector<float> chosen;    ///< [layers][width]: h_l(+)
  std::vector<float> rejected;  ///< [layers][width]: h_l(-)
};

/// Reads both answers' representations with one decode: the prompt once, then one row an answer that shares it. The
/// first `shared` tokens of the prompt are taken to be in the decoder's first two sequences already; so they are
/// afterwards.
[[nodiscard]] AnswerRepresentations answer_representations(Decoder& decoder, const TokenizedSample& sample,
                                                           std::size_t shared = 0);

/// v_l = mean over samples of h_l(+) - h_l(-), summed in double precision and in the samples' order. Each decoder of
/// the same model works on a sample of its own, on a thread of its own. Throws Error{data} for no samples,
/// Error{interrupted} when the job is stopped.
[[nodiscard]] SteeringVectors caa_vectors(std::span<Decoder> decoders, std::span<const TokenizedSample> samples,
                                          const Job& job = {});

}  // namespace w2s
