#include "w2s/decoding.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>
#include <vector>

#include "support/error_of.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::FloatNear;
using testing::Pointwise;

constexpr SteeringOperator operators[] = {SteeringOperator::add, SteeringOperator::add_keep_norm,
                                          SteeringOperator::ablate_add};

std::vector<float> applied(SteeringOperator operation, float multiplier, const std::vector<float>& vector,
                           std::vector<float> row) {
  apply_operator(operation, multiplier, vector, row);
  return row;
}

float norm(const std::vector<float>& row) {
  return std::sqrt(std::inner_product(row.begin(), row.end(), row.begin(), 0.0F));
}

TEST(SteeringOperator, HasANameThatReadsBack) {
  for (const auto operation : operators) EXPECT_EQ(parse_steering_operator(to_string(operation)), operation);
  const auto error = test::error_of([] { static_cast<void>(parse_steering_operator("multiply")); });
  EXPECT_EQ(error.kind(), ErrorKind::usage);
  EXPECT_THAT(error.what(), testing::HasSubstr("add, add-keep-norm, ablate-add"));
}

TEST(SteeringOperator, AddsAMultiple) {
  EXPECT_THAT(applied(SteeringOperator::add, -2, {1, 0, 0.5}, {1, 2, 3}), ElementsAre(-1, 2, 2));
}

TEST(SteeringOperator, KeepsTheLengthOfTheRowButTurnsItTowardsTheVector) {
  const std::vector<float> row = {3, 4, 0};
  const auto steered = applied(SteeringOperator::add_keep_norm, 5, {0, 0, 1}, row);
  EXPECT_THAT(norm(steered), FloatNear(5, 1e-5F));
  EXPECT_THAT(steered, Pointwise(FloatNear(1e-5F), {3 / std::sqrt(2.0F), 4 / std::sqrt(2.0F), 5 / std::sqrt(2.0F)}));
}

TEST(SteeringOperator, AblatesThePartAlongTheVectorBeforeItAdds) {
  EXPECT_THAT(applied(SteeringOperator::ablate_add, 0, {0, 2, 0}, {1, 7, 3}), ElementsAre(1, 0, 3));
  EXPECT_THAT(applied(SteeringOperator::ablate_add, 1.5F, {0, 2, 0}, {1, 7, 3}), ElementsAre(1, 3, 3));
}

TEST(SteeringOperator, OfAZeroVectorChangesNothing) {
  for (const auto operation : operators)
    EXPECT_THAT(applied(operation, 3, {0, 0}, {1, -2}), ElementsAre(1, -2)) << to_string(operation);
}

TEST(SteeringOperator, IsTheIdentityAtMultiplierZeroExactlyWhereItSaysSo) {
  for (const auto operation : operators) {
    const std::vector<float> row = {1, -2, 4};
    EXPECT_EQ(applied(operation, 0, {1, 1, 0}, row) == row, is_identity_at_zero(operation)) << to_string(operation);
  }
}

}  // namespace
}  // namespace w2s
