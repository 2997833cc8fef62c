#include "w2s/sweep.h"

#include <gmock/gmock.h>

#include "w2s/base.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::usage);
    return error.what();
  }
  return "accepted";
}

TEST(Layers, AreNumbersAndRanges) {
  EXPECT_THAT(parse_layers("3", 30), ElementsAre(3));
  EXPECT_THAT(parse_layers("11-13, 7,3,12", 30), ElementsAre(3, 7, 11, 12, 13));
}

TEST(Layers, OutOfRangeOrMalformedAreRefused) {
  const auto refused = [](const char* text) { return refusal([&] { static_cast<void>(parse_layers(text, 30)); }); };
  EXPECT_THAT(refused("0-30"), HasSubstr("layer 30 in '0-30' is out of range: the model has layers 0 to 29"));
  EXPECT_THAT(refused("5-3"), HasSubstr("runs backwards"));
  for (const char* text : {"", "a", "1,,2", "-1", "1-", "1.5", "99999999999999999999"})
    EXPECT_THAT(refused(text), testing::AnyOf(HasSubstr("is not a layer"), HasSubstr("out of range"))) << text;
}

TEST(GridOf, IsWholeWhereNothingIsAskedFor) {
  EXPECT_EQ(grid_of({}, {}, SteeringOperator::add, 4), full_grid(4));
  const auto asked = grid_of(LayerList::parse("1-2"), {-1, 1}, SteeringOperator::ablate_add, 4);
  EXPECT_EQ(asked, (SweepGrid{{1, 2}, {-1, 1}, SteeringOperator::ablate_add}));
  EXPECT_THAT(refusal([] { static_cast<void>(grid_of(LayerList::parse("4"), {}, SteeringOperator::add, 4)); }),
              HasSubstr("out of range"));
}

TEST(Multipliers, AreSortedAndDifferent) {
  EXPECT_THAT(parse_multipliers("1,-1, 0,1"), ElementsAre(-1.0F, 0.0F, 1.0F));
  EXPECT_THAT(parse_multipliers("+2,1e-1"), ElementsAre(0.1F, 2.0F));
}

TEST(Multipliers, ThatDrawNoLineAreRefused) {
  const auto refused = [](const char* text) { return refusal([&] { static_cast<void>(parse_multipliers(text)); }); };
  EXPECT_THAT(refused("1"), HasSubstr("at least two"));
  EXPECT_THAT(refused("1,1.0"), HasSubstr("at least two"));
  for (const char* text : {"", "1,", "x,1", "nan,1", "inf,1", "1e30,1"}) EXPECT_NE(refused(text), "accepted") << text;
}

Intervention at(std::size_t layer, float multiplier, std::size_t source = 0) {
  return {.source = source, .layers = {{.layer = layer}}, .multiplier = multiplier};
}

TEST(Interventions, LeaveOutMultiplierZero) {
  const SweepGrid grid{.layers = {2, 5}, .multipliers = {-1, 0, 1}};
  EXPECT_THAT(interventions(grid), ElementsAre(at(2, -1), at(2, 1), at(5, -1), at(5, 1)));
}

TEST(Interventions, AreMadeSourceBySource) {
  const SweepGrid grid{.layers = {2, 5}, .multipliers = {0, 1}};
  EXPECT_THAT(interventions(grid, 2), ElementsAre(at(2, 1), at(5, 1), at(2, 1, 1), at(5, 1, 1)));
}

TEST(PropensityMap, HasTheUnsteeredPropensityAtMultiplierZeroOfEveryLayer) {
  const SweepGrid grid{.layers = {2, 5}, .multipliers = {-1, 0, 1}};
  const auto map = propensity_map(grid, 9, std::vector<float>{1, 2, 3, 4});
  EXPECT_THAT(map.values, ElementsAre(1, 9, 2, 3, 9, 4));
  const SweepGrid without_zero{.layers = {0}, .multipliers = {-1, 1}};
  EXPECT_THAT(propensity_map(without_zero, 9, std::vector<float>{1, 2}).values, ElementsAre(1, 2));
}

TEST(PropensityMap, HasARowOfItsOwnAtMultiplierZeroWhereThatIsNoIdentity) {
  const SweepGrid grid{.layers = {2, 5}, .multipliers = {-1, 0}, .operation = SteeringOperator::ablate_add};
  EXPECT_THAT(interventions(grid), ElementsAre(at(2, -1), at(2, 0), at(5, -1), at(5, 0)));
  EXPECT_THAT(propensity_map(grid, 9, std::vector<float>{1, 2, 3, 4}).values, ElementsAre(1, 2, 3, 4));
}

TEST(FullGrid, HasEveryLayerAndSteeringBenchsMultipliers) {
  const auto grid = full_grid(3);
  EXPECT_THAT(grid.layers, ElementsAre(0, 1, 2));
  EXPECT_THAT(grid.multipliers, ElementsAre(-1.5F, -1.0F, -0.5F, 0.0F, 0.5F, 1.0F, 1.5F));
}

}  // namespace
}  // namespace w2s
