// Sweeps: what steering does to samples at each layer, by which multiplier, and where that is kept.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
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
#include "w2s/vectors.h"

namespace w2s {

// Propensity and steerability (Tan et al., 2024): how much, and how evenly, a multiplier moves the model.

/// steering-bench's multipliers.
inline constexpr float default_multipliers[] = {-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F};

/// The slope of the least-squares line of propensity over the multiplier. Both have the same length, at least two
/// different multipliers. Throws Error{usage} otherwise.
[[nodiscard]] double steerability(std::span<const float> multipliers, std::span<const float> propensity);

/// Propensity, logit(chosen) - logit(rejected), of one sample at every (layer, multiplier).
struct PropensityMap {
  std::size_t layers = 0;
  std::size_t multipliers = 0;
  std::vector<float> values = {};  ///< [layers][multipliers]

  [[nodiscard]] std::span<const float> layer(std::size_t index) const {
    return std::span(values).subspan(index * multipliers, multipliers);
  }
};

/// Steerability of each layer of the map.
[[nodiscard]] std::vector<double> steerability(std::span<const float> multipliers, const PropensityMap& propensity);

/// The index of the largest value; the first of equal ones. Throws Error{usage} for none.
[[nodiscard]] std::size_t best_layer(std::span<const double> steerability);

// Several layers for one steering vector: how its scale is shared among them.

/// The shares of all layers that one scale is for add up to 1, so that the scale means the same for one and for many.
struct LayerShare {
  std::size_t layer = 0;
  float share = 1;                       ///< of the scale
  std::optional<float> confidence = {};  ///< the predictor's probability of this layer; absent where it was named

  bool operator==(const LayerShare&) const = default;
};

/// The same share for each layer, in their order.
[[nodiscard]] std::vector<LayerShare> equal_shares(std::span<const std::size_t> layers);

/// The `count` most likely of a predictor's layers, or all if it has fewer, each with a share in proportion to its
/// probability; the most likely first, of equal ones the first of `layers`. As many probabilities as layers; their sum
/// is positive.
[[nodiscard]] std::vector<LayerShare> most_likely_shares(std::span<const std::size_t> layers,
                                                         std::span<const float> probabilities, std::size_t count);

// Prompt encoders: what the layer predictor sees of a prompt. These ones are the model's own layers.

enum class Pooling { last, mean };

/// The residual stream after a layer of the steered model itself: at the steered token, or the mean over the prompt's
/// tokens. Costs nothing at inference: the prompt is decoded anyway, and only its last token is decoded again, steered.
struct PromptEncoder {
  std::size_t layer = 0;  ///< 0-based
  Pooling pooling = Pooling::last;

  auto operator<=>(const PromptEncoder&) const = default;
};

/// "first-last" and "first-mean" (the paper's: layer 0), else "layer<K>-last" or "layer<K>-mean".
[[nodiscard]] std::string to_string(const PromptEncoder& encoder);

/// The inverse; also "middle-last" and "middle-mean" for layer `layers / 2`. Throws Error{usage} that says which names
/// exist and, for a layer that the model does not have, how many it has.
[[nodiscard]] PromptEncoder parse_prompt_encoder(std::string_view name, std::size_t layers);

/// What must be read of a prompt for some encoders.
[[nodiscard]] PromptNeeds needs_of(std::span<const PromptEncoder> encoders);

/// What an encoder sees of a prompt, [width], not normalised.
[[nodiscard]] const std::vector<float>& encoding_of(const PromptEncoder& encoder, const PromptReading& reading);

/// What a sweep records unless told otherwise: last and mean of layer 0 (the paper's) and of layers at a quarter, a
/// third, a half, two thirds and three quarters of the depth.
[[nodiscard]] std::vector<PromptEncoder> default_prompt_encoders(std::size_t layers);

/// Scales to unit length; a zero vector stays as it is.
void normalize(std::vector<float>& embedding);

// What a layer sweep computes, as a plain value: a prompt, and the interventions tried on its last token.

/// The layers and multipliers of a sweep, and what is done with them.
struct SweepGrid {
  std::vector<std::size_t> layers = {};  ///< ascending, 0-based
  std::vector<float> multipliers = {};   ///< ascending; at least two
  SteeringOperator operation = SteeringOperator::add;

  bool operator==(const SweepGrid&) const = default;
};

/// All layers of a model with steering-bench's multipliers.
[[nodiscard]] SweepGrid full_grid(std::size_t layers);

/// Layers as a person names them, before a model says how many there are.
class LayerList {
 public:
  /// No list: whatever that stands for.
  LayerList() = default;
  /// "0-29", "3,7,11-13". Throws Error{usage} for what is not such a list.
  [[nodiscard]] static LayerList parse(std::string_view text);

  [[nodiscard]] bool empty() const noexcept { return ranges_.empty(); }
  [[nodiscard]] const std::string& text() const noexcept { return text_; }
  /// Ascending, each once. Throws Error{usage} for a layer from `layers` on.
  [[nodiscard]] std::vector<std::size_t> of_model(std::size_t layers) const;

 private:
  struct Range {
    std::size_t first = 0;
    std::size_t last = 0;
  };
  std::string text_;
  std::vector<Range> ranges_;
};

/// What was asked of a model with so many layers: no list stands for all of them, no multipliers for steering-bench's.
/// Throws what LayerList does.
[[nodiscard]] SweepGrid grid_of(const LayerList& layers, const std::vector<float>& multipliers,
                                SteeringOperator operation, std::size_t model_layers);

/// Of a model with so many layers. Throws what LayerList does.
[[nodiscard]] std::vector<std::size_t> parse_layers(std::string_view text, std::size_t layers);

/// "-1.5,-1,0,1". Throws Error{usage} for fewer than two different numbers.
[[nodiscard]] std::vector<float> parse_multipliers(std::string_view text);

/// One steered row: a source's vector of each of some layers is applied there, at the steered token, by the layer's
/// share of the multiplier.
struct Intervention {
  std::size_t source = 0;  ///< of the plan's
  std::vector<LayerShare> layers = {};
  float multiplier = 0;

  bool operator==(const Intervention&) const = default;
};

/// Chooses interventions by what the encoders saw of the prompt, [encoders][width].
using InterventionChoice = std::function<std::vector<Intervention>(std::span<const std::vector<float>> encodings)>;

/// The same ones whatever the prompt. They become rows only once it is read, so that how many there are does not decide
/// in what batch that is.
[[nodiscard]] InterventionChoice always(std::vector<Intervention> interventions);

/// Everything an executor needs for one sample. All sources share one decode of the prompt.
struct SweepPlan {
  const TokenizedSample* sample = nullptr;
  std::size_t shared_prefix = 0;  ///< leading prompt tokens that every plan of the sweep has in common
  std::vector<Intervention> interventions = {};
  std::vector<const VectorSource*> sources = {};
  SteeringOperator operation = SteeringOperator::add;
  std::vector<PromptEncoder> encoders = {};  ///< representations of the unsteered prompt to read on the way
  InterventionChoice choose = {};            ///< where set, what it returns takes the place of `interventions`
};

/// What an executor found.
struct SweepOutcome {
  float unsteered = 0;                             ///< propensity without intervention
  std::vector<float> steered = {};                 ///< [interventions]: propensities
  std::vector<std::vector<float>> encodings = {};  ///< [encoders][width], not normalised
};

/// The multipliers of a grid that need a row. Where one of 0 changes nothing, the unsteered row stands for it.
[[nodiscard]] std::vector<float> multipliers_to_run(const SweepGrid& grid);

/// The rows that a grid needs with each of some sources: source by source, layer by layer.
[[nodiscard]] std::vector<Intervention> interventions(const SweepGrid& grid, std::size_t sources = 1);

/// Puts what came of the multipliers to run at each layer, or at each set of layers, into the shape of a grid.
[[nodiscard]] PropensityMap propensity_map(const SweepGrid& grid, float unsteered, std::span<const float> steered);

// Executors run sweep plans. They differ in speed, never in what they compute.

class PromptStateCache;

class SweepExecutor {
 public:
  virtual ~SweepExecutor() = default;
  /// Runs one plan. Throws Error{usage} if the prompt does not fit the context, Error{engine} if decoding fails.
  [[nodiscard]] virtual SweepOutcome run(const SweepPlan& plan) = 0;

  /// How many plans it likes to run together.
  [[nodiscard]] virtual std::size_t plans_at_once() const noexcept { return 1; }
  /// Runs several plans; each outcome is bit for bit the one that `run` gives for its plan alone.
  [[nodiscard]] virtual std::vector<SweepOutcome> run_together(std::span<const SweepPlan> plans);
};

/// Which executor runs a sweep.
enum class ExecutorChoice {
  automatic,  ///< `minimal` where it can compute the model and the weights are not quantised, else `rows`
  minimal,    ///< layer by layer, each row from the first layer on that it is steered at; not for every model
  rows        ///< through llama.cpp, each row through all layers
};

/// "auto", "minimal", "rows".
[[nodiscard]] std::string_view to_string(ExecutorChoice choice);

/// The inverse. Throws Error{usage} that lists the names.
[[nodiscard]] ExecutorChoice parse_executor_choice(std::string_view name);

/// What a choice means for a model: `minimal` or `rows`. Throws Error{usage} that says why not if `minimal` is asked
/// for and cannot compute the model.
[[nodiscard]] ExecutorChoice resolve_executor(ExecutorChoice choice, const Model& model);

/// Executors for all threads of the decoders: one a decoder, or one a thread if they are minimal. What the choice means
/// for the decoders' model is resolved first. Minimal ones go on from what is in the cache, which they share.
[[nodiscard]] std::vector<std::unique_ptr<SweepExecutor>> make_executors(std::span<Decoder> decoders,
                                                                         ExecutorChoice choice,
                                                                         PromptStateCache* cache = nullptr);

// The sweep's results on disk: an SQLite file that any tool reads and that a crash leaves whole.

/// Which sample, asked in which way.
struct SweepKey {
  std::size_t sample = 0;  ///< index into the behaviour's samples
  PromptVariant variant = PromptVariant::base;

  auto operator<=>(const SweepKey&) const = default;
};

/// What the sweep found for one sample.
struct SweepRecord {
  SweepKey key;
  SampleId id;
  SplitPart part = SplitPart::train;
  std::vector<std::size_t> layers = {};            ///< swept, ascending, of the grid's; empty: all of them
  std::vector<PropensityMap> propensity = {};      ///< [methods], each [layers][grid multipliers]
  std::vector<std::vector<float>> encodings = {};  ///< [encoders][width], not normalised
};

/// How far the engine's own rounding moves results: the same rows, put into batches of another shape.
struct NoiseFloor {
  std::size_t samples = 0;             ///< measured on so many
  double propensity = 0;               ///< largest difference of a propensity, in logits
  double steerability = 0;             ///< largest difference of a steerability
  std::size_t best_layer_changes = 0;  ///< samples whose best layer changed
};

/// What a store was made for. A store opened for something else is refused.
struct SweepStoreHeader {
  std::string behavior;
  std::size_t samples = 0;  ///< of the behaviour
  std::size_t model_layers = 0;
  std::size_t width = 0;
  std::vector<std::string> methods = {};  ///< how the vectors were made; the first is the main one
  SweepGrid grid;
  std::vector<PromptEncoder> encoders = {};
  std::map<std::string, std::string> settings = {};  ///< everything else that decides the numbers: hashes, versions
};

/// Tables for other tools: `propensity(sample, variant, method, layer, multiplier, value)`, `steerability(sample,
/// variant, method, layer, value)`, `samples(sample, variant, id, part, layers)` (layers: "all" or "3,11"),
/// `encodings(sample, variant, encoder, value)` (little-endian F32), `header(key, value)` and `noise_floor`. A sample
/// is written in one transaction and is on disk when `add` returns: a process that is killed loses at most the sample
/// in flight. While a store is open for writing, others can read it (SQLite's write-ahead log) but not write it; a
/// store that was closed is a single file.
class SweepStore {
 public:
  /// Creates the file, or opens it and compares the header. Throws Error{results} that names the first setting that
  /// differs, or says that another process is writing there; Error{io} if the file cannot be read or written or is not
  /// such a store; Error{usage} for a grid that is empty or not in ascending order.
  [[nodiscard]] static SweepStore open(const std::filesystem::path& path, const SweepStoreHeader& header);
  /// Opens an existing store for reading, also while another process writes it. Throws Error{results} if it is not
  /// there, Error{io} if it is not such a store.
  [[nodiscard]] static SweepStore read(const std::filesystem::path& path);

  ~SweepStore();
  SweepStore(SweepStore&&) noexcept;
  SweepStore& operator=(SweepStore&&) noexcept;

  [[nodiscard]] const SweepStoreHeader& header() const noexcept;

  /// Writes a sample; a sample that is there already stays as it is, unless the record has more layers. Throws
  /// Error{io}, for instance when the disk is full; Error{engine} for a value that is not finite; Error{usage} for a
  /// record that has not the header's shape. What was written before is kept.
  void add(const SweepRecord& record);

  /// Takes in the samples of another store as `add` does, in their order and all of them or none, and its noise floor
  /// where this store has none. The other file stays. Throws Error{results} if it is not there, was made with other
  /// settings or is being written, Error{io}.
  void merge(const std::filesystem::path& other);

  [[nodiscard]] bool contains(SweepKey key) const;
  /// All samples, by variant and index. Floats come back bit for bit. Throws Error{io} if the file is damaged.
  [[nodiscard]] std::vector<SweepRecord> records() const;

  void set_noise_floor(const NoiseFloor& noise);
  [[nodiscard]] std::optional<NoiseFloor> noise_floor() const;

 private:
  struct State;
  explicit SweepStore(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// A layer sweep over many samples: measured one by one, handed over as they come.

/// One sample to sweep.
struct SweepItem {
  SweepKey key;
  SampleId id;
  SplitPart part = SplitPart::train;
  TokenizedSample tokens;
};

[[nodiscard]] std::vector<TokenizedSample> tokens_of(std::span<const SweepItem> items);

/// Chooses the layers at which a sample is swept, ascending and of the grid's, by what the encoders saw of its prompt,
/// [encoders][width]. May be called from several threads at once.
using LayerSelector =
    std::function<std::vector<std::size_t>(const SweepKey& key, std::span<const std::vector<float>> encodings)>;

/// What is the same for all samples of a sweep.
struct SweepRequest {
  SweepGrid grid;
  std::vector<PromptEncoder> encoders = {};
  std::vector<const VectorSource*> sources = {};  ///< each swept on the same grid
  LayerSelector choose_layers = {};               ///< empty: every sample at all layers of the grid
};

/// Where and how a sweep runs: each executor on a thread of its own, a sample at a time. Samples are independent, so
/// that more executors with fewer threads each lose less to waiting than one with all of them; results do not depend on
/// how many there are.
using SweepExecutors = std::span<const std::unique_ptr<SweepExecutor>>;

/// Sweeps the items and hands each record to `sink` as it comes, one at a time. All items of the data set must be
/// given, also those that an earlier run has finished (`is_done`): the prefix they share decides how every one of them
/// is computed, so that a resumed run gives the same numbers. Throws Error{interrupted} when the job is stopped;
/// samples under way are finished first.
void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items,
           const std::function<bool(const SweepKey&)>& is_done, const std::function<void(SweepRecord)>& sink,
           const Job& job = {});

/// The same into a store: what is there is skipped. Where layers are chosen and an item lacks one of them there, it is
/// swept again at all of them and those it had.
void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items, SweepStore& store,
           const Job& job = {});

/// A rank's share of the same, an item that `measured` lacks a piece: into a store of its own, for the first rank to
/// merge. All ranks must be given the same items and see the same in `measured`.
void sweep(SweepExecutors executors, const SweepRequest& request, std::span<const SweepItem> items,
           const SweepStore& measured, SweepStore& own, Share share, const Job& job = {});

/// Sweeps up to `samples` items, spread evenly, twice: as the choice of an executor says, and in another way. What
/// `minimal` gives is compared with the rows of `decoder`, these with themselves, a third of them in a batch.
[[nodiscard]] NoiseFloor measure_noise_floor(ExecutorChoice choice, Decoder& decoder, const SweepRequest& request,
                                             std::span<const SweepItem> items, std::size_t samples = 4,
                                             const Job& job = {});

/// Cells of the key-value cache that a sweep of the items with so many sources needs when so many sequences may exist
/// at once.
[[nodiscard]] std::size_t required_context(const SweepGrid& grid, std::size_t sources, std::span<const SweepItem> items,
                                           std::size_t sequences);

/// Throws for the first item that cannot be swept: Error{data} if its prompt is longer than the model was trained for,
/// Error{usage} if it and its rows need more than `context` cells (0: no limit).
void check_context(const ModelInfo& model, std::size_t context, const SweepGrid& grid, std::size_t sources,
                   std::span<const SweepItem> items, std::size_t sequences);

}  // namespace w2s
