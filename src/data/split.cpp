#include "w2s/data.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/random.h"
#include "w2s/base.h"

namespace w2s {
namespace {

std::size_t rounded(double fraction, std::size_t count) {
  return static_cast<std::size_t>(std::llround(fraction * static_cast<double>(count)));
}

void check_fractions(const SplitFractions& fractions) {
  if (fractions.train > 0 && fractions.validation > 0 && fractions.train + fractions.validation < 1) return;
  throw Error(ErrorKind::usage,
              fmt::format("a split needs parts larger than 0 that leave a rest for the test part, not "
                          "{} for training and {} for validation",
                          fractions.train, fractions.validation));
}

}  // namespace

std::string_view to_string(SplitPart part) {
  switch (part) {
    case SplitPart::train:
      return "train";
    case SplitPart::validation:
      return "validation";
    case SplitPart::test:
      return "test";
  }
  throw Error(ErrorKind::usage, "not a part of a split");
}

std::vector<std::size_t> Split::fitting() const {
  std::vector<std::size_t> both;
  std::ranges::merge(train, validation, std::back_inserter(both));
  return both;
}

Split split_samples(std::size_t count, std::uint64_t seed, const SplitFractions& fractions) {
  check_fractions(fractions);
  const std::size_t train_end = rounded(fractions.train, count);
  const std::size_t validation_end = rounded(fractions.train + fractions.validation, count);
  if (train_end == 0 || validation_end <= train_end || count <= validation_end) {
    throw Error(ErrorKind::data, fmt::format("{} samples are too few to split into training, validation and test parts "
                                             "of {}, {} and the rest",
                                             count, fractions.train, fractions.validation));
  }
  const std::vector<std::size_t> order = Random(seed).permutation(count);
  const auto part = [&](std::size_t from, std::size_t to) {
    std::vector<std::size_t> indices(order.begin() + static_cast<std::ptrdiff_t>(from),
                                     order.begin() + static_cast<std::ptrdiff_t>(to));
    std::ranges::sort(indices);
    return indices;
  };
  return {
      .train = part(0, train_end), .validation = part(train_end, validation_end), .test = part(validation_end, count)};
}

}  // namespace w2s
