// Small records for tests of the sweep store: each sample has numbers of its own.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/random.h"
#include "w2s/sweep.h"

namespace w2s::test {

inline SweepStoreHeader store_header() {
  return {.behavior = "made-up",
          .samples = 12,
          .model_layers = 8,
          .width = 3,
          .methods = {"caa", "alpha"},  // not in the order of the alphabet
          .grid = {{2, 7}, {-1.0F, 0.0F, 0.1F}},
          .encoders = {{0, Pooling::last}, {4, Pooling::mean}},
          .settings = {{"model_sha256", "abc"}, {"data_sha256", "def"}}};
}

inline SweepRecord store_record(std::size_t sample, PromptVariant variant, const SweepStoreHeader& header) {
  Random random(1000 * static_cast<std::uint64_t>(variant) + sample);
  const auto normals = [&](std::size_t count) {
    std::vector<float> values(count);
    for (float& value : values) value = static_cast<float>(random.normal());
    return values;
  };
  SweepRecord record;
  record.key = {sample, variant};
  record.id = static_cast<std::int64_t>(100 + sample);
  record.part = static_cast<SplitPart>(sample % 3);
  const std::size_t layers = header.grid.layers.size();
  const std::size_t multipliers = header.grid.multipliers.size();
  for (std::size_t i = 0; i < header.methods.size(); ++i)
    record.propensity.push_back({layers, multipliers, normals(layers * multipliers)});
  for (std::size_t i = 0; i < header.encoders.size(); ++i) record.encodings.push_back(normals(header.width));
  return record;
}

inline SweepRecord store_record(std::size_t sample, PromptVariant variant = PromptVariant::base) {
  return store_record(sample, variant, store_header());
}

inline std::vector<std::uint32_t> bits(std::span<const float> values) {
  std::vector<std::uint32_t> result;
  for (const float value : values) result.push_back(std::bit_cast<std::uint32_t>(value));
  return result;
}

/// Equal in everything, floats bit by bit.
inline void expect_same_record(const SweepRecord& actual, const SweepRecord& expected) {
  EXPECT_EQ(actual.key, expected.key);
  EXPECT_EQ(actual.id, expected.id);
  EXPECT_EQ(actual.part, expected.part);
  EXPECT_EQ(actual.layers, expected.layers);
  ASSERT_EQ(actual.propensity.size(), expected.propensity.size());
  for (std::size_t i = 0; i < expected.propensity.size(); ++i) {
    EXPECT_EQ(actual.propensity[i].layers, expected.propensity[i].layers);
    EXPECT_EQ(actual.propensity[i].multipliers, expected.propensity[i].multipliers);
    EXPECT_EQ(bits(actual.propensity[i].values), bits(expected.propensity[i].values));
  }
  ASSERT_EQ(actual.encodings.size(), expected.encodings.size());
  for (std::size_t i = 0; i < expected.encodings.size(); ++i) {
    EXPECT_EQ(bits(actual.encodings[i]), bits(expected.encodings[i]));
  }
}

}  // namespace w2s::test
