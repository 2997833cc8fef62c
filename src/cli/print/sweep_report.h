// A layer sweep with one method as text: a line a sample, or a summary by layer.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "cli/print/output.h"
#include "w2s/sweep.h"

namespace w2s::cli {

/// {"id": ..., "propensity": [layers][multipliers], "steerability": [layers]} and a line end. With `names_variant` also
/// "variant". Numbers have the digits that give the same float or double back.
[[nodiscard]] std::string sample_line(const SweepRecord& record, std::span<const float> multipliers,
                                      bool names_variant);

/// One row a layer, and one block of rows a variant: mean steerability, share of samples steered, share for which it is
/// best. `noise` is reported beside it.
[[nodiscard]] Report sweep_report(std::span<const SweepRecord> records, const SweepGrid& grid, const NoiseFloor& noise);

/// The same as one JSON object, with the grid, the noise floor and every sample.
[[nodiscard]] std::string sweep_json(const std::string& behavior, std::span<const SweepRecord> records,
                                     const SweepGrid& grid, const NoiseFloor& noise);

/// Passes texts on in the order of their positions 0, 1, 2, ..., whatever the order in which they come.
class InOrder {
 public:
  explicit InOrder(std::function<void(std::string_view)> next) : next_(std::move(next)) {}
  void add(std::size_t position, std::string text);

 private:
  std::function<void(std::string_view)> next_;
  std::size_t expected_ = 0;
  std::map<std::size_t, std::string> waiting_;
};

}  // namespace w2s::cli
