// The sweep's results on disk: an SQLite file that any tool reads and that a crash leaves whole.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "w2s/dataset.h"
#include "w2s/prompt_encoder.h"
#include "w2s/prompt_variant.h"
#include "w2s/split.h"
#include "w2s/steerability.h"
#include "w2s/sweep_plan.h"

namespace w2s {

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

}  // namespace w2s
