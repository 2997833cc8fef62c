#include "base/json_value.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

namespace w2s {
namespace {

// "path|problem" of what the access complains of, with "|missing" where that is it.
template <typename Access>
std::string complaint(const char* text, Access access) {
  const auto json = nlohmann::json::parse(text);
  const JsonValue document(json, [](const JsonProblem& found) {
    throw std::runtime_error(found.path + "|" + found.problem + (found.is_missing ? "|missing" : ""));
  });
  try {
    access(document);
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "none";
}

TEST(JsonValue, NamesThePathOfWhatIsWrong) {
  const auto nested = [](const JsonValue& json) { (void)json.require("a")[1].require("b").text(); };
  EXPECT_EQ(complaint(R"({"a": [0, {"b": 5}]})", nested), "a[1].b|must be a string, not number");
  EXPECT_EQ(complaint(R"({"a": [0, {}]})", nested), "a[1].b|is missing|missing");
  EXPECT_EQ(complaint(R"({"a": [0, 1]})", nested), "a[1]|must be an object, not number");
  EXPECT_EQ(complaint(R"({"a": [0, {"b": "text"}]})", nested), "none");
  EXPECT_EQ(complaint("[]", nested), "|must be an object, not array");
}

TEST(JsonValue, TakesNullForAbsent) {
  const auto is_there = [](const char* text) {
    return complaint(text, [](const JsonValue& json) {
      if (json.find("a")) throw std::runtime_error("there");
    });
  };
  EXPECT_EQ(is_there(R"({"a": null})"), "none");
  EXPECT_EQ(is_there("{}"), "none");
  EXPECT_EQ(is_there(R"({"a": 0})"), "there");
}

TEST(JsonValue, CountsInWholeNumbersFromZero) {
  const auto count = [](const JsonValue& json) { (void)json.require("n").count(); };
  EXPECT_EQ(complaint(R"({"n": 3})", count), "none");
  EXPECT_EQ(complaint(R"({"n": -1})", count), "n|must be a whole number from 0, not -1");
  EXPECT_EQ(complaint(R"({"n": 2.5})", count), "n|must be a whole number from 0, not 2.5");
}

}  // namespace
}  // namespace w2s
