// What turns a text into a vector: embedding models, on this machine or behind a server.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "w2s/job.h"

namespace w2s {

/// A function from texts to vectors of one width. Not for two threads at once.
class TextEncoder {
 public:
  TextEncoder() = default;
  virtual ~TextEncoder() = default;
  TextEncoder(const TextEncoder&) = delete;
  TextEncoder& operator=(const TextEncoder&) = delete;

  /// Names the model and how it pools, for results and messages.
  [[nodiscard]] virtual std::string name() const = 0;
  /// The same for encoders that give the same embeddings, and only for these as far as that can be known.
  [[nodiscard]] virtual std::string identity() const { return name(); }
  /// Width of the embeddings; 0 as long as it is unknown, which it may be until the first text is encoded.
  [[nodiscard]] virtual std::size_t width() const = 0;
  /// The embeddings of `texts`, in their order, as the model gives them: not scaled to unit length by us. Throws
  /// Error{interrupted} when the job is stopped.
  [[nodiscard]] virtual std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job& job) = 0;
};

}  // namespace w2s
