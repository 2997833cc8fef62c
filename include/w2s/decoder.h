// Decoding with a row-wise tap on the residual stream: read a row after any layer, or add a vector to it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "w2s/model.h"
#include "w2s/steering_operator.h"

namespace w2s {

struct DecoderOptions {
  std::size_t context = 4096;   ///< cells of the key-value cache, shared by all sequences; rounded up
  std::size_t sequences = 256;  ///< sequences that may exist at once, 2 to 256 (llama.cpp's limit)
  std::size_t rows_per_batch =
      512;          ///< rows that go through the model together, at least one a sequence; more are decoded in turns
  int threads = 0;  ///< 0: all cores
  /// Keys and values in F32 instead of F16. Agrees with PyTorch in fp32 to 0.00004 logits instead of 0.008.
  bool f32_cache = true;
};

/// One token to decode. It sees the earlier positions of its own sequence, and becomes part of all its sequences.
struct Row {
  Token token = 0;
  std::int32_t position = 0;
  std::int32_t sequence = 0;
  std::int32_t sequences = 1;  ///< belongs to `sequence`, `sequence + 1`, ...: so many, at no further cost
  bool wants_logits = false;
};

/// Steers one row.
struct Edit {
  std::size_t row = 0;
  Steering steering;
};

/// Asks for the residual stream of a row after a layer, after the edits of that layer.
struct Capture {
  std::size_t row = 0;
  std::size_t layer = 0;
};

/// What one call of Decoder::decode computes. A plain value: it says nothing about how.
struct Batch {
  std::vector<Row> rows = {};
  std::vector<Edit> edits = {};
  std::vector<Capture> captures = {};
  std::vector<Token> scored = {};  ///< the tokens whose logits are returned; empty: the whole vocabulary
};

struct Decoded {
  std::size_t width = 0;        ///< d
  std::size_t scored = 0;       ///< logits a row
  std::vector<float> logits;    ///< [rows that want logits, in order][scored]
  std::vector<float> captured;  ///< [captures, in order][width]

  [[nodiscard]] std::span<const float> row_logits(std::size_t row) const {
    return std::span(logits).subspan(row * scored, scored);
  }
  [[nodiscard]] std::span<const float> capture(std::size_t index) const {
    return std::span(captured).subspan(index * width, width);
  }
};

/// Decides on further edits while a batch is decoded: called after each layer with captures, when those of this layer
/// and of the layers before are in `so_far`. What it returns is done at this layer, after its captures, or at later
/// ones, so that a row is steered by what was read of it on its own way. An exception ends the decode.
using EditsOnTheWay = std::function<std::vector<Edit>(std::size_t layer, const Decoded& so_far)>;

class Decoder;

/// Decoders that work side by side, with the threads of `options` shared out among them. `count` 0: one a core up to
/// four on a CPU, so that independent samples keep the cores busy where threads would wait for each other over one
/// small matrix product; one on a GPU.
[[nodiscard]] std::vector<Decoder> make_decoders(const Model& model, const DecoderOptions& options,
                                                 std::size_t count = 0);

/// A model with a key-value cache. Not thread-safe; several decoders of one model may run on several threads.
class Decoder {
 public:
  /// Throws Error{model} if the model's residual stream cannot be steered at every layer: the architecture's graph does
  /// not show it, or an addition to it changes nothing; an embedding model is refused as such. Throws Error{engine}
  /// if the cache cannot be allocated.
  explicit Decoder(const Model& model, const DecoderOptions& options = {});
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  [[nodiscard]] const Model& model() const noexcept;
  [[nodiscard]] const DecoderOptions& options() const noexcept;

  /// Decodes the rows in order; each is added to its sequence. Throws Error{usage} for a row, layer, sequence or width
  /// out of range, Error{engine} if the cache is full or llama.cpp fails.
  [[nodiscard]] Decoded decode(const Batch& batch);

  /// The same with edits that depend on what is read. The rows must go through the model together
  /// (DecoderOptions::rows_per_batch), and an edit at the last layer needs a row that wants logits; else Error{usage}.
  [[nodiscard]] Decoded decode(const Batch& batch, const EditsOnTheWay& edits_on_the_way);

  /// Forgets the rows of all sequences from a position on.
  void forget_from(std::int32_t position);

  /// Forgets the rows of one sequence from a position on; rows that it shares stay with the others. Throws Error{usage}
  /// for a sequence out of range.
  void forget(std::int32_t sequence, std::int32_t position);

  /// Rows of sequence `from` at positions [begin, end) become rows of sequence `to` as well, which has none there.
  /// Costs no cells. Throws Error{usage} for a sequence out of range.
  void share(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t end);

  /// Forgets everything.
  void clear();

  /// The same, and overwrites what the cells hold: after numbers that are not finite, because a cell of such numbers
  /// spoils every row that is computed beside it, even where attention masks it.
  void wipe();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace w2s
