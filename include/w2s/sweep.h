// A layer sweep over many samples: measured one by one, handed over as they come.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "w2s/job.h"
#include "w2s/ranks.h"
#include "w2s/sweep_executor.h"
#include "w2s/sweep_store.h"

namespace w2s {

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
using LayerChoice =
    std::function<std::vector<std::size_t>(const SweepKey& key, std::span<const std::vector<float>> encodings)>;

/// What is the same for all samples of a sweep.
struct SweepRequest {
  SweepGrid grid;
  std::vector<PromptEncoder> encoders = {};
  std::vector<const VectorSource*> sources = {};  ///< each swept on the same grid
  LayerChoice choose_layers = {};                 ///< empty: every sample at all layers of the grid
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
