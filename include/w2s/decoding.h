// Taking tokens through a model: rows that are steered and read after any layer, the next token, a prompt's states.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/model.h"

namespace w2s {

// What is done with a steering vector at a row of the residual stream.

enum class SteeringOperator {
  add,            ///< h + lambda v (the paper's equation 1)
  add_keep_norm,  ///< the same, then scaled back to the length of h
  ablate_add      ///< h without its part along v (Arditi et al., 2024), plus lambda v
};

/// "add", "add-keep-norm", "ablate-add".
[[nodiscard]] std::string_view to_string(SteeringOperator operation);

/// The inverse. Throws Error{usage} that lists the names.
[[nodiscard]] SteeringOperator parse_steering_operator(std::string_view name);

/// Whether a multiplier of 0 leaves the row as it is.
[[nodiscard]] constexpr bool is_identity_at_zero(SteeringOperator operation) noexcept {
  return operation != SteeringOperator::ablate_add;
}

/// Applies it to a row in place. A vector of zeros changes nothing. `row` and `vector` have the same length.
void apply_operator(SteeringOperator operation, float multiplier, std::span<const float> vector, std::span<float> row);

/// A steering vector and where it goes.
struct Steering {
  std::size_t layer = 0;
  float scale = 0;                   ///< lambda
  std::span<const float> direction;  ///< [width]; whoever makes a Steering keeps it
  SteeringOperator operation = SteeringOperator::add;
};

// Decoding with a row-wise tap on the residual stream: read a row after any layer, or add a vector to it.

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

// Choosing the next token: llama.cpp's own samplers, applied to the logits of a row.

/// llama.cpp's options, under its names and with its defaults. They apply in its order: logit bias, penalties, top-k,
/// typical-p, top-p, min-p, temperature.
struct SamplingOptions {
  float temperature = 0.8F;         ///< 0 or less: the most likely token, whatever the four options below say
  std::int32_t top_k = 40;          ///< 0 or less: all tokens
  float top_p = 0.95F;              ///< 1: off
  float min_p = 0.05F;              ///< 0: off
  float typical_p = 1.0F;           ///< 1: off
  float repeat_penalty = 1.0F;      ///< 1: off
  std::int32_t repeat_last_n = 64;  ///< tokens that the three penalties look at; 0: off, -1: the model's context
  float frequency_penalty = 0.0F;
  float presence_penalty = 0.0F;
  std::uint32_t seed = 0;                  ///< 4294967295, as in llama.cpp: another one every time
  std::map<Token, float> logit_bias = {};  ///< added to logits; minus infinity forbids a token

  bool operator==(const SamplingOptions&) const = default;
};

/// Throws Error{usage} that names the option which is out of range.
void check_sampling(const SamplingOptions& options, const ModelInfo& model);

/// The sampler of one generation: its random numbers, and the tokens that penalties look at.
class Sampler {
 public:
  /// `prompt` is what penalties see before the first token. Throws what check_sampling does.
  Sampler(const Model& model, const SamplingOptions& options, std::span<const Token> prompt = {});
  ~Sampler();
  Sampler(Sampler&&) noexcept;
  Sampler& operator=(Sampler&&) noexcept;

  /// The next token, for [vocabulary] logits. The same seed and the same logits give the same tokens.
  [[nodiscard]] Token sample(std::span<const float> logits);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

struct TokenLogProbability {
  Token token = 0;
  float log_probability = 0;

  bool operator==(const TokenLogProbability&) const = default;
};

/// What the model gives each token before any sampler: log softmax of a row's logits. Refers to them.
class LogProbabilities {
 public:
  explicit LogProbabilities(std::span<const float> logits);

  [[nodiscard]] TokenLogProbability of(Token token) const;
  /// The most likely first; of equal ones the lower token first. At most as many as there are tokens.
  [[nodiscard]] std::vector<TokenLogProbability> most_likely(std::size_t count) const;

 private:
  std::span<const float> logits_;
  double log_of_sum_ = 0;
};

// What can be read of a prompt on its way through a model, unsteered: what must be, and what was.

/// A prompt up to the steered token, and the two tokens that are scored after it.
struct TokenizedSample {
  std::vector<Token> prompt = {};  ///< up to and including the steered token
  Token chosen = 0;                ///< the positive answer's first token of its own
  Token rejected = 0;

  auto operator<=>(const TokenizedSample&) const = default;
};

/// What must be read of a prompt. Its unsteered propensity always is.
struct PromptNeeds {
  std::set<std::size_t> last = {};   ///< the steered token's residual stream after these layers
  std::set<std::size_t> means = {};  ///< the mean over the prompt's tokens after these layers
  bool answers = false;              ///< the difference between its own two answers

  [[nodiscard]] bool empty() const noexcept { return last.empty() && means.empty() && !answers; }
  void add(const PromptNeeds& other);
  bool operator==(const PromptNeeds&) const = default;
};

/// What was read of a prompt: at least what was needed.
struct PromptReading {
  std::map<std::size_t, std::vector<float>> last = {};   ///< h_l at the steered token by layer, each [width]
  std::map<std::size_t, std::vector<float>> means = {};  ///< by layer, each [width]
  std::vector<float> difference = {};                    ///< [layers][width]: h_l(+) - h_l(-); empty if not read
  float propensity = 0;                                  ///< logit(+) - logit(-)
};

// Reading prompts: whatever computes a model, it shows the same of them.

class PromptStateCache;

/// Takes prompts through a model, each with its two answers where those are needed, in one pass. Each thread needs a
/// reader of its own.
class PromptReader {
 public:
  virtual ~PromptReader() = default;

  [[nodiscard]] virtual const Model& model() const noexcept = 0;
  /// Of whatever decides the last digits of what is read, but for the model.
  [[nodiscard]] virtual std::string_view name() const noexcept = 0;
  /// How many prompts it likes to read together.
  [[nodiscard]] virtual std::size_t prompts_at_once() const noexcept = 0;

  /// From now on the prompts begin with this prefix, which is computed once, when it is first needed.
  virtual void begin_with(std::span<const Token> prefix, const PromptNeeds& needs) = 0;

  /// What is read of a prompt does not depend on those before it and beside it, to the last bit. Throws Error{usage}
  /// for a token that is not in the vocabulary or a prompt that does not begin with the prefix and go on after it,
  /// Error{engine} for numbers that are not finite or a context that is full.
  [[nodiscard]] virtual std::vector<PromptReading> read(std::span<const TokenizedSample* const> prompts) = 0;

 protected:
  static void check_goes_on(const TokenizedSample& prompt, std::span<const Token> prefix);
};

using PromptReaders = std::span<const std::unique_ptr<PromptReader>>;

/// One a decoder, which must outlive it and is used, and cleared, by it alone.
[[nodiscard]] std::vector<std::unique_ptr<PromptReader>> make_prompt_readers(std::span<Decoder> decoders);

/// One a thread (0: one a core), of a model that is computed layer by layer. What they read they leave in the cache, as
/// far as it has room, to whoever goes on from these prompts. Throws Error{model} as LayerwiseModel does.
[[nodiscard]] std::vector<std::unique_ptr<PromptReader>> make_layerwise_readers(const Model& model, int threads,
                                                                                PromptStateCache* cache = nullptr);

/// Of one prompt by itself; nothing is decoded where nothing is needed. Clears the decoder.
[[nodiscard]] PromptReading read_prompt(Decoder& decoder, const TokenizedSample& prompt, const PromptNeeds& needs);

}  // namespace w2s
