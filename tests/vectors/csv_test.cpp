#include "vectors/csv.h"

#include <gmock/gmock.h>

#include <bit>
#include <cstdint>
#include <limits>

#include "base/random.h"
#include "support/error_of.h"

namespace w2s::vectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

std::string refusal(std::string_view text) {
  return test::message_of(ErrorKind::vectors, [&] { static_cast<void>(directions_of_csv(text)); });
}

TEST(Csv, IsATableThatAPersonCanRead) {
  const LayerDirections directions{.by_layer = {{0, {1, -0.5F}}, {3, {0.1F, 1e-20F}}}};
  EXPECT_EQ(csv_of(directions), "layer,0,1\n0,1,-0.5\n3,0.1,1e-20\n");
}

TEST(Csv, KeepsEveryBitOfAnyFiniteFloat) {
  Random random(3);
  LayerDirections directions;
  auto& direction = directions.by_layer[5];
  direction = {-0.0F, std::numeric_limits<float>::denorm_min(), std::numeric_limits<float>::max()};
  while (direction.size() < 10000) {
    const auto value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    if (std::isfinite(value)) direction.push_back(value);
  }
  const auto read = directions_of_csv(csv_of(directions)).by_layer.at(5);
  ASSERT_EQ(read.size(), direction.size());
  for (std::size_t i = 0; i < read.size(); ++i)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(read[i]), std::bit_cast<std::uint32_t>(direction[i])) << direction[i];
}

TEST(Csv, ReadsWhatOtherProgramsWrite) {
  const auto read = directions_of_csv("\xEF\xBB\xBFlayer,x,y\r\n 2 , +1.50e+00,1e-300\r\n\r\n1,.5,-4");
  EXPECT_THAT(read.by_layer, ElementsAre(Pair(1, ElementsAre(0.5F, -4)), Pair(2, ElementsAre(1.5F, 0))));
}

TEST(Csv, NamesTheLineThatIsWrong) {
  EXPECT_THAT(refusal(""), HasSubstr("layer,0,1,..."));
  EXPECT_THAT(refusal("0,1,2\n"), HasSubstr("line 1: the header must be layer,0,1,..."));
  EXPECT_THAT(refusal("layer\n0\n"), HasSubstr("line 1"));
  EXPECT_THAT(refusal("layer,0,1\n0,1,2\n\n1,2\n"), HasSubstr("line 4: 2 columns, the header has 3"));
  EXPECT_THAT(refusal("layer,0\n0,1\n0,2\n"), HasSubstr("line 3: layer 0 comes twice"));
  EXPECT_THAT(refusal("layer,0\n-1,1\n"), HasSubstr("line 2: '-1' is no layer"));
  EXPECT_THAT(refusal("layer,0\n1.0,1\n"), HasSubstr("'1.0' is no layer"));
  EXPECT_THAT(refusal("layer,0\n1,one\n"), HasSubstr("'one' is no number"));
  EXPECT_THAT(refusal("layer,0\n1,\n"), HasSubstr("'' is no number"));
  EXPECT_THAT(refusal("layer,0\n1,1e39\n"), HasSubstr("'1e39' is no number that a float can hold"));
}

}  // namespace
}  // namespace w2s::vectors
