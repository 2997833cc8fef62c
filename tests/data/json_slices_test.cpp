#include "data/json_slices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "w2s/base.h"

namespace w2s::data {
namespace {

using nlohmann::json;
using testing::HasSubstr;

std::vector<std::string> texts(const std::vector<JsonSlice>& slices) {
  std::vector<std::string> result;
  for (const JsonSlice& slice : slices) result.emplace_back(slice.text);
  return result;
}

std::string error_of_array(std::string_view content) {
  try {
    for (const JsonSlice& element : json_array_elements(content, "f")) static_cast<void>(parse_json(element, "f"));
  } catch (const Error& error) {
    return error.what();
  }
  return {};
}

// A value with every kind of token, nested up to `depth`.
json random_value(Random& random, std::size_t depth) {
  constexpr std::array<std::string_view, 5> strings = {"", "a,b", "]}[{", "\"\\", "\n\xC3\xA4"};
  switch (random.below(depth == 0 ? 3 : 5)) {
    case 0:
      return strings.at(random.below(strings.size()));
    case 1:
      return random.normal();
    case 2:
      return random.below(2) == 0 ? json(nullptr) : json(true);
    case 3: {
      json list = json::array();
      for (std::size_t i = random.below(4); i > 0; --i) list.push_back(random_value(random, depth - 1));
      return list;
    }
    default: {
      json object = json::object();
      for (std::size_t i = random.below(4); i > 0; --i) {
        object[std::string(strings.at(random.below(strings.size())))] = random_value(random, depth - 1);
      }
      return object;
    }
  }
}

TEST(JsonLines, AreThoseThatAreNotBlankWithTheirNumbers) {
  const auto slices = json_lines("1\r\n\n \t\n2\n3");
  EXPECT_EQ(texts(slices), (std::vector<std::string>{"1", "2", "3"}));
  EXPECT_EQ(slices[1].line, 4U);
  EXPECT_EQ(slices[2].line, 5U);
  EXPECT_TRUE(json_lines("").empty());
}

TEST(JsonArrayElements, AreCutAtTheCommasOfTheOutermostList) {
  const auto slices = json_array_elements(" [1, [2, 3],\n{\"a]\": \"\\\",\"} ] \n", "f");
  EXPECT_EQ(texts(slices), (std::vector<std::string>{"1", "[2, 3]", "{\"a]\": \"\\\",\"}"}));
  EXPECT_EQ(slices[2].line, 2U);
  EXPECT_TRUE(json_array_elements("[ ]", "f").empty());
}

TEST(JsonArrayElements, ParseToTheElementsOfTheWholeList) {
  Random random(7);
  for (int repetition = 0; repetition < 200; ++repetition) {
    json list = json::array();
    for (std::size_t i = random.below(5); i > 0; --i) list.push_back(random_value(random, 3));
    const std::string text = list.dump(static_cast<int>(random.below(3)) - 1);
    json elements = json::array();
    for (const JsonSlice& slice : json_array_elements(text, "f")) elements.push_back(parse_json(slice, "f"));
    EXPECT_EQ(elements, list) << text;
  }
}

TEST(JsonArrayElements, EveryTruncationIsAnError) {
  const std::string text = R"([{"a": "b\\"}, [1], "c"])";
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_THAT(error_of_array(text.substr(0, length)), HasSubstr("not valid JSON")) << length;
  }
  EXPECT_EQ(error_of_array(text), "");
}

TEST(JsonArrayElements, RefuseWhatIsNoList) {
  for (const char* text : {"{}", "[1,]", "[,1]", "[1 2]", "[1}", "[1] 2", "[{]}]", "[\"a\"b]"}) {
    EXPECT_THAT(error_of_array(text), HasSubstr("f:1: not valid JSON")) << text;
  }
  EXPECT_THAT(error_of_array("[1,\n2,\n3]]"), HasSubstr("f:3: not valid JSON"));
}

}  // namespace
}  // namespace w2s::data
