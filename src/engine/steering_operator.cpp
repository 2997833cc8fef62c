#include "w2s/decoding.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <utility>

#include "base/names.h"
#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::array names = {std::pair{SteeringOperator::add, std::string_view("add")},
                              std::pair{SteeringOperator::add_keep_norm, std::string_view("add-keep-norm")},
                              std::pair{SteeringOperator::ablate_add, std::string_view("ablate-add")}};

double dot(std::span<const float> a, std::span<const float> b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
  return sum;
}

void add(float multiplier, std::span<const float> vector, std::span<float> row) {
  for (std::size_t i = 0; i < row.size(); ++i) row[i] += multiplier * vector[i];
}

void add_keeping_norm(float multiplier, std::span<const float> vector, std::span<float> row) {
  const double before = dot(row, row);
  add(multiplier, vector, row);
  const double after = dot(row, row);
  if (after == 0) return;
  const auto scale = static_cast<float>(std::sqrt(before / after));
  for (float& value : row) value *= scale;
}

// Both steps as one addition: what is taken away lies along the vector as well.
void ablate_and_add(float multiplier, std::span<const float> vector, std::span<float> row) {
  const double squares = dot(vector, vector);
  if (squares == 0) return;
  add(static_cast<float>(static_cast<double>(multiplier) - dot(row, vector) / squares), vector, row);
}

}  // namespace

std::string_view to_string(SteeringOperator operation) { return name_of(names, operation); }

SteeringOperator parse_steering_operator(std::string_view name) {
  if (const auto operation = find_by_name(names, name)) return *operation;
  throw Error(ErrorKind::usage, fmt::format("unknown operator '{}'; there are: {}", name, list_names(names)));
}

void apply_operator(SteeringOperator operation, float multiplier, std::span<const float> vector, std::span<float> row) {
  switch (operation) {
    case SteeringOperator::add:
      return add(multiplier, vector, row);
    case SteeringOperator::add_keep_norm:
      return add_keeping_norm(multiplier, vector, row);
    case SteeringOperator::ablate_add:
      return ablate_and_add(multiplier, vector, row);
  }
}

}  // namespace w2s
