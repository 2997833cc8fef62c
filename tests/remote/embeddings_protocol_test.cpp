#include "remote/embeddings_protocol.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "support/error_of.h"

namespace w2s::remote {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::HasSubstr;

std::string error_of_response(std::string_view body, std::size_t count = 2, std::size_t width = 0) {
  const auto response = parse_response(body, count, width);
  EXPECT_TRUE(response.embeddings.empty()) << body;
  EXPECT_FALSE(response.is_cut_or_no_json) << body;
  return response.error;
}

TEST(EmbeddingsRequest, SaysModelTextsEncodingAndDimensions) {
  const std::vector<std::string> texts = {"one", "zwei \"ö\"\n"};
  EXPECT_EQ(json::parse(request_json({.model = "m", .dimensions = 0, .base64 = false}, texts)),
            (json{{"model", "m"}, {"encoding_format", "float"}, {"input", texts}}));
  EXPECT_EQ(json::parse(request_json({.model = "m", .dimensions = 256, .base64 = true}, texts)),
            (json{{"model", "m"}, {"encoding_format", "base64"}, {"input", texts}, {"dimensions", 256}}));
}

TEST(EmbeddingsRequest, RefusesATextThatIsNotUtf8) {
  const std::vector<std::string> texts = {"\xff"};
  EXPECT_THAT(test::message_of(ErrorKind::data, [&] { static_cast<void>(request_json({.model = "m"}, texts)); }),
              HasSubstr("not UTF-8"));
}

TEST(EmbeddingsResponse, IsPutInTheOrderOfItsIndices) {
  const auto response =
      parse_response(R"({"data":[{"index":1,"embedding":[3,4]},{"index":0,"embedding":[1,2.5]}]})", 2, 2);
  EXPECT_EQ(response.error, "");
  EXPECT_THAT(response.embeddings, ElementsAre(ElementsAre(1, 2.5), ElementsAre(3, 4)));
}

TEST(EmbeddingsResponse, KeepsItsOrderWithoutIndices) {
  const auto response = parse_response(R"({"data":[{"embedding":[1]},{"embedding":[2]}]})", 2, 0);
  EXPECT_THAT(response.embeddings, ElementsAre(ElementsAre(1), ElementsAre(2)));
}

TEST(EmbeddingsResponse, MayHoldBase64OfFloats) {
  const auto response = parse_response(R"({"data":[{"index":0,"embedding":"AACAPwAAAMA="}]})", 1, 2);
  EXPECT_THAT(response.embeddings, ElementsAre(ElementsAre(1.0F, -2.0F)));
}

TEST(EmbeddingsResponse, IsRefusedWithAReasonWhenItIsNotWhatWasAskedFor) {
  EXPECT_THAT(error_of_response("[]"), HasSubstr("no list \"data\""));
  EXPECT_THAT(error_of_response(R"({"data":7})"), HasSubstr("no list \"data\""));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1]}]})"), HasSubstr("1 embeddings for 2 texts"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]})"),
              HasSubstr("two embeddings have the index 0"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1]},{"index":2,"embedding":[1]}]})"),
              HasSubstr("entry 1 of \"data\" has no valid \"index\""));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":-1,"embedding":[1]},{"index":0,"embedding":[1]}]})"),
              HasSubstr("entry 0"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1,2]},{"index":1,"embedding":[1]}]})"),
              HasSubstr("the embedding of index 1 has 1 dimensions instead of 2"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1,2]}]})", 1, 3),
              HasSubstr("2 dimensions instead of 3"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[]}]})", 1), HasSubstr("is empty"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1,null]}]})", 1), HasSubstr("null"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":[1e300]}]})", 1), HasSubstr("not finite"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":"AADAfw=="}]})", 1), HasSubstr("not finite"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0,"embedding":"AAA="}]})", 1), HasSubstr("not base64"));
  EXPECT_THAT(error_of_response(R"({"data":[{"index":0}]})", 1), HasSubstr("has no \"embedding\""));
  EXPECT_THAT(error_of_response(R"({"data":[null]})", 1), HasSubstr("has no \"embedding\""));
}

TEST(EmbeddingsResponse, IsKnownToBeBrokenWhereverItIsCut) {
  const std::string whole = R"({"data":[{"index":0,"embedding":[1,2]}]})";
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_TRUE(parse_response(whole.substr(0, length), 1, 0).is_cut_or_no_json) << length;
  }
}

TEST(ServerError, FindsTheMessageWhereServersPutIt) {
  EXPECT_EQ(server_error(R"({"error":{"message":"too long","code":"c"}})", "").message, "too long");
  EXPECT_EQ(server_error(R"({"error":{"message":"too long","code":"c"}})", "").code, "c");
  EXPECT_EQ(server_error(R"({"error":{"message":"m","code":400,"type":"t"}})", "").code, "t");
  EXPECT_EQ(server_error(R"({"error":"no such model"})", "").message, "no such model");
  EXPECT_EQ(server_error(R"({"detail":"Not Found"})", "").message, "Not Found");
  EXPECT_EQ(server_error("<html>\nBad Gateway", "").message, "<html> Bad Gateway");
  EXPECT_EQ(server_error("", "").message, "");
}

TEST(ServerError, IsCutBetweenCharactersAndBlotsTheKeyOutFirst) {
  std::string text;
  for (int i = 0; i < 400; ++i) text += "ö";
  const auto message = server_error("x" + text, "").message;
  EXPECT_EQ(message, "x" + text.substr(0, 498));
  const auto blotted = server_error(std::string(495, 'x') + "sk-secret and sk-secret", "sk-secret").message;
  EXPECT_THAT(blotted, HasSubstr("[key]"));
  EXPECT_THAT(blotted, testing::Not(HasSubstr("sk-")));
}

}  // namespace
}  // namespace w2s::remote
