// The parts of the benchmark program; each adds its rows to the table.
#pragma once

#include <cstddef>
#include <filesystem>

#include "table.h"

namespace w2s::bench {

/// What all parts are given.
struct BenchSettings {
  std::filesystem::path model;
  std::size_t threads = 1;  ///< all there are
};

/// Peak memory of sweeps, each in a process of its own: to be run before anything starts threads.
void measure_memory(const BenchSettings& settings, Table& table);
/// The sweep against the naive loop, against rows, and against the machine's matrix products.
void measure_sweep(const BenchSettings& settings, Table& table);
/// How a sweep's time and arithmetic grow with what it is given.
void measure_growth(const BenchSettings& settings, Table& table);
/// A sweep on one thread and on all, and beside a process that wants a core as well.
void measure_threads(const BenchSettings& settings, Table& table);
/// Steering vectors: one decode for both answers against two.
void measure_vectors(const BenchSettings& settings, Table& table);
/// The networks of predictor and L2S against the matrix products they consist of.
void measure_training(const BenchSettings& settings, Table& table);
/// Steered generations against unsteered ones.
void measure_generation(const BenchSettings& settings, Table& table);
/// What larger models would cost; nothing is measured.
void predict_large_models(const BenchSettings& settings, Table& table);

}  // namespace w2s::bench
