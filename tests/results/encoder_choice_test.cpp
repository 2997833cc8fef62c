#include "w2s/results.h"

#include <gmock/gmock.h>

#include "support/error_of.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;

TEST(EncoderChoice, KnowsLayersEmbeddingModelsServersAndAuto) {
  EXPECT_EQ(parse_encoder_choice("middle-last"), (EncoderChoice{EncoderKind::own_layer, "middle-last", {}, 0}));
  EXPECT_EQ(parse_encoder_choice("layer70-mean").kind, EncoderKind::own_layer);
  EXPECT_EQ(parse_encoder_choice("auto").kind, EncoderKind::best);
  EXPECT_EQ(parse_encoder_choice("gguf:/models/a:b.gguf"),
            (EncoderChoice{EncoderKind::gguf, "/models/a:b.gguf", {}, 0}));
  EXPECT_EQ(parse_encoder_choice("gguf:bert.gguf:cls"),
            (EncoderChoice{EncoderKind::gguf, "bert.gguf", EmbeddingPooling::cls, 0}));
  EXPECT_EQ(parse_encoder_choice("remote:text-embedding-3-large"),
            (EncoderChoice{EncoderKind::remote, "text-embedding-3-large", {}, 0}));
  EXPECT_EQ(parse_encoder_choice("remote:nomic-embed-text:v1.5:256"),
            (EncoderChoice{EncoderKind::remote, "nomic-embed-text:v1.5", {}, 256}));
}

TEST(EncoderChoice, IsNamedWithoutFolders) {
  for (const auto* name : {"auto", "first-mean", "gguf:bert", "gguf:bert:mean", "remote:bge-m3", "remote:a/b:64"})
    EXPECT_EQ(to_string(parse_encoder_choice(name)), name);
  EXPECT_EQ(to_string(parse_encoder_choice("gguf:/home/me/all.v2.gguf:last")), "gguf:all.v2:last");
}

TEST(EncoderChoice, WithoutAPoolingIsMetByEachPoolingOfTheFile) {
  const auto open = parse_encoder_choice("gguf:/models/bert.gguf");
  EXPECT_TRUE(is_choice(open, "gguf:bert:mean"));
  EXPECT_TRUE(is_choice(open, "gguf:bert:cls"));
  EXPECT_FALSE(is_choice(open, "gguf:bert-large:cls"));
  const auto chosen = parse_encoder_choice("gguf:/models/bert.gguf:cls");
  EXPECT_TRUE(is_choice(chosen, "gguf:bert:cls"));
  EXPECT_FALSE(is_choice(chosen, "gguf:bert:mean"));
  EXPECT_FALSE(is_choice(parse_encoder_choice("remote:bert"), "remote:bert:64"));
}

TEST(EncoderChoice, RefusesWhatNamesNothing) {
  const auto refusal = [](std::string_view name) {
    return message_of(ErrorKind::usage, [&] { static_cast<void>(parse_encoder_choice(name)); });
  };
  EXPECT_THAT(refusal("elsewhere"), AllOf(HasSubstr("'elsewhere'"), HasSubstr("first-mean"), HasSubstr("gguf:")));
  EXPECT_THAT(refusal("gguf:"), HasSubstr("names no file"));
  EXPECT_THAT(refusal("gguf::mean"), HasSubstr("names no file"));
  EXPECT_THAT(refusal("gguf:a.gguf:sum"), HasSubstr("unknown pooling \"sum\""));
  EXPECT_THAT(refusal("remote:"), HasSubstr("names no model"));
  EXPECT_THAT(refusal("remote:a:0"), HasSubstr("no number of dimensions"));
  EXPECT_THAT(refusal("remote:a:99999999999999999999999"), HasSubstr("no number of dimensions"));
}

TEST(EncoderChoice, OfALayerOpensNoTextEncoder) {
  EXPECT_THAT(
      message_of(ErrorKind::usage, [] { static_cast<void>(open_text_encoder(parse_encoder_choice("first-mean"))); }),
      HasSubstr("'first-mean' is no embedding model"));
}

}  // namespace
}  // namespace w2s
