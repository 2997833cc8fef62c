#include "w2s/model.h"

#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "support/error_of.h"
#include "support/shared_data.h"
#include "support/temporary_folder.h"
#include "support/tiny_bert.h"
#include "support/tiny_model.h"

namespace w2s {
namespace {

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;

using testing::Pointwise;
using Texts = std::vector<std::string>;

const Texts texts = {"Raining? a cat", "", "the cat sat on a mat.", "[SEP]", "a cat", "zzz zzz zzz zzz zzz zzz"};

class EmbeddingModelTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path write(const TensorFile& file) const {
    write_tensor_file(folder_ / "tiny.gguf", file);
    return folder_ / "tiny.gguf";
  }
  [[nodiscard]] EmbeddingModel load(const EmbeddingModelOptions& options = {.threads = 1}) const {
    return EmbeddingModel(write(test::tiny_word_piece_bert()), options);
  }
  [[nodiscard]] std::string refusal(const TensorFile& file, const EmbeddingModelOptions& options = {}) const {
    const auto path = write(file);
    return message_of(ErrorKind::model, [&] { const EmbeddingModel model(path, options); });
  }

  test::TemporaryFolder folder_;
  std::vector<std::string> warnings_;
  Job job_{
      .on_progress = {}, .on_warning = [this](std::string_view line) { warnings_.emplace_back(line); }, .stop = {}};
};

// llama.cpp's GELU is a table of F16 numbers: what changes the last bit of its argument may change its eleventh.
constexpr float gelu_tolerance = 5e-3F;

// Numbers of tests/fixtures/tiny_bert_reference.py.
TEST_F(EmbeddingModelTest, GivesNumPysNumbersForEachPooling) {
  const std::vector<std::pair<EmbeddingPooling, std::vector<float>>> expected = {
      {EmbeddingPooling::cls,
       {-0.092451F, 0.058655F,  0.611807F,  0.058677F,  -1.528835F, -0.289038F, 0.218120F,  -1.839832F,
        -0.155564F, -0.980212F, -0.181260F, 0.035003F,  1.739177F,  -0.439778F, 0.398890F,  -0.837475F,
        -0.783977F, 1.580637F,  -0.009184F, -0.602759F, 0.542325F,  -0.598724F, 0.039947F,  0.915196F,
        0.648383F,  -0.656732F, 0.110311F,  1.725906F,  -1.448007F, 2.810307F,  -0.312453F, -0.274082F}},
      {EmbeddingPooling::mean,
       {-0.461702F, -0.300585F, 0.376915F,  0.041159F,  -1.289974F, -0.384494F, 0.083427F,  -1.860219F,
        -0.242491F, -1.255203F, -0.539179F, -0.405849F, 1.163708F,  -0.463605F, 0.195357F,  -0.763703F,
        -0.546463F, 1.734297F,  -0.133482F, -0.414059F, 0.847346F,  -0.165894F, -0.262087F, 1.062775F,
        0.398565F,  -0.340099F, 0.338684F,  1.685723F,  -0.702882F, 2.799762F,  -0.026985F, 0.292975F}},
      {EmbeddingPooling::last,
       {-0.531972F, -0.273828F, 0.028970F,  0.478260F,  -1.032383F, -0.470404F, 0.307385F,  -2.462980F,
        -0.019399F, -1.482636F, -0.721922F, -0.657561F, 1.084334F,  -0.147877F, -0.078162F, -0.542367F,
        -0.673326F, 1.403614F,  0.364659F,  0.068105F,  0.912939F,  -0.263566F, -0.428525F, 1.444744F,
        0.229679F,  -0.340261F, 0.459020F,  1.548057F,  -0.495184F, 2.898901F,  -0.108492F, -0.105547F}},
  };
  for (const auto& [pooling, embedding] : expected) {
    auto model = load({.pooling = pooling, .texts_per_batch = 4, .threads = 1});
    EXPECT_THAT(model.encode(Texts{"Raining? a cat"}, job_).front(), Pointwise(FloatNear(gelu_tolerance), embedding))
        << to_string(pooling);
  }
}

TEST_F(EmbeddingModelTest, PoolsAsItsFileSays) {
  EXPECT_EQ(load().pooling(), EmbeddingPooling::cls);
  EXPECT_EQ(load().name(), "gguf:tiny:cls");
  EXPECT_EQ(load().width(), 32U);
  auto file = test::tiny_word_piece_bert();
  file.metadata["bert.pooling_type"] = test::pooling_mean;
  EmbeddingModel mean(write(file), {.threads = 1});
  EXPECT_EQ(mean.pooling(), EmbeddingPooling::mean);
  EXPECT_EQ(mean.encode(texts, job_), load({.pooling = EmbeddingPooling::mean, .threads = 1}).encode(texts, job_));
  EXPECT_NE(mean.encode(texts, job_), load().encode(texts, job_));
}

TEST_F(EmbeddingModelTest, EmbedsATextAloneAsAmongOthers) {
  for (const auto pooling : {EmbeddingPooling::cls, EmbeddingPooling::mean, EmbeddingPooling::last}) {
    auto model = load({.pooling = pooling, .texts_per_batch = 4, .threads = 1});
    const auto together = model.encode(texts, job_);
    ASSERT_EQ(together.size(), texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i)
      EXPECT_THAT(model.encode(Texts{texts[i]}, job_).front(), Pointwise(FloatNear(gelu_tolerance), together[i]))
          << texts[i];
  }
}

TEST_F(EmbeddingModelTest, GivesTheSameNumbersOnAnyNumberOfThreads) {
  EXPECT_EQ(load({.threads = 1}).encode(texts, job_), load({.threads = 3}).encode(texts, job_));
}

TEST_F(EmbeddingModelTest, GivesNumbersThatDoNotDependOnOtherTextsWhenEachIsABatch) {
  auto model = load({.texts_per_batch = 1, .threads = 1});
  const auto together = model.encode(texts, job_);
  for (std::size_t i = 0; i < texts.size(); ++i) EXPECT_EQ(model.encode(Texts{texts[i]}, job_).front(), together[i]);
}

TEST_F(EmbeddingModelTest, EmbedsMoreTextsThanABatchHolds) {
  Texts many;
  for (int i = 0; i < 50; ++i) many.push_back(std::string(static_cast<std::size_t>(9 * i + 1), 'a') + " b");
  std::vector<std::size_t> done;
  job_.on_progress = [&](const Progress& progress) {
    EXPECT_EQ(progress.total, many.size());
    done.push_back(progress.done);
  };
  auto model = load({.texts_per_batch = 8, .threads = 1});
  const auto embeddings = model.encode(many, job_);
  ASSERT_EQ(embeddings.size(), many.size());
  EXPECT_GT(done.size(), 50U / 8);
  EXPECT_EQ(done.back(), many.size());
  job_.on_progress = {};
  EXPECT_THAT(model.encode(Texts{many[17]}, job_).front(), Pointwise(FloatNear(gelu_tolerance), embeddings[17]));
}

TEST_F(EmbeddingModelTest, TakesControlTokensInATextForText) {
  auto model = load();
  EXPECT_NE(model.encode(Texts{"a [SEP]"}, job_), model.encode(Texts{"a"}, job_));
}

TEST_F(EmbeddingModelTest, CutsALongTextWithAWarningAndKeepsItsClosingToken) {
  auto model = load({.pooling = EmbeddingPooling::last, .most_tokens = 5, .threads = 1});
  // [CLS] a b c [SEP] in both: the rest of the longer one is gone.
  const auto embeddings = model.encode(Texts{"a b c", "a b c d e f g"}, job_);
  EXPECT_EQ(embeddings[0].size(), 32U);
  EXPECT_THAT(embeddings[1], Pointwise(FloatNear(gelu_tolerance), embeddings[0]));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("1 of 2 texts are longer than the 5 tokens that tiny.gguf embeds")));
}

TEST_F(EmbeddingModelTest, CutsTextsAtTheModelsContext) {
  auto model = load();
  static_cast<void>(model.encode(Texts{std::string(600, 'a')}, job_));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("longer than the 512 tokens")));
}

TEST_F(EmbeddingModelTest, StopsBetweenBatches) {
  std::stop_source stop;
  job_.stop = stop.get_token();
  job_.on_progress = [&](const Progress&) { stop.request_stop(); };
  auto model = load({.texts_per_batch = 1, .threads = 1});
  EXPECT_THAT(message_of(ErrorKind::interrupted, [&] { static_cast<void>(model.encode(texts, job_)); }),
              HasSubstr("interrupted"));
}

TEST_F(EmbeddingModelTest, EmbedsNoTextsAsNothing) { EXPECT_TRUE(load().encode({}, job_).empty()); }

TEST_F(EmbeddingModelTest, WantsAPoolingForAChatModelAndThenEmbedsWithIt) {
  const auto chat = test::tiny_model(test::tiny_llama());
  EXPECT_THAT(refusal(chat),
              AllOf(HasSubstr("tiny.gguf"), HasSubstr("is a chat model"), HasSubstr("choose a pooling")));
  for (const auto pooling : {EmbeddingPooling::mean, EmbeddingPooling::last}) {
    EmbeddingModel model(write(chat), {.pooling = pooling, .texts_per_batch = 2, .threads = 1});
    const auto together = model.encode(Texts{"rain", "a longer text"}, job_);
    EXPECT_NE(together[0], together[1]);
    EXPECT_THAT(model.encode(Texts{"a longer text"}, job_).front(), Pointwise(FloatNear(1e-4F), together[1]));
  }
}

TEST_F(EmbeddingModelTest, WantsAPoolingWhereTheFileNamesNone) {
  auto file = test::tiny_word_piece_bert();
  file.metadata.erase("bert.pooling_type");
  EXPECT_THAT(refusal(file), HasSubstr("choose a pooling: mean, cls or last"));
  EXPECT_EQ(EmbeddingModel(write(file), {.pooling = EmbeddingPooling::cls, .threads = 1}).encode(texts, job_),
            load().encode(texts, job_));
}

TEST_F(EmbeddingModelTest, RefusesWhatCannotEmbed) {
  auto reranker = test::tiny_word_piece_bert();
  reranker.metadata["bert.pooling_type"] = test::pooling_rank;
  EXPECT_THAT(refusal(reranker), HasSubstr("reranker"));
  auto unknown = test::tiny_word_piece_bert();
  unknown.metadata["bert.pooling_type"] = std::int64_t{77};
  EXPECT_THAT(refusal(unknown), HasSubstr("choose a pooling"));
  auto without_tokenizer = test::tiny_word_piece_bert();
  std::erase_if(without_tokenizer.metadata, [](const auto& entry) { return entry.first.starts_with("tokenizer."); });
  without_tokenizer.metadata["tokenizer.ggml.model"] = std::string("none");
  without_tokenizer.metadata["bert.vocab_size"] = static_cast<std::int64_t>(test::tiny_vocabulary);
  without_tokenizer.metadata["tokenizer.ggml.token_type_count"] = std::int64_t{1};
  EXPECT_THAT(refusal(without_tokenizer), HasSubstr("tiny.gguf"));
  EXPECT_THAT(message_of(ErrorKind::model, [] { const EmbeddingModel model("no/such.gguf"); }),
              HasSubstr("no such file"));
  EXPECT_THAT(refusal(test::tiny_model(test::model_without_layer_outputs()), {.pooling = EmbeddingPooling::mean}),
              HasSubstr("recurrent"));
}

TEST_F(EmbeddingModelTest, ReportsATextWithoutTokens) {
  auto shape = test::tiny_llama();
  shape.begins_with_bos = false;
  EmbeddingModel model(write(test::tiny_model(shape)), {.pooling = EmbeddingPooling::mean});
  EXPECT_THAT(message_of(ErrorKind::data, [&] { static_cast<void>(model.encode(Texts{"a", ""}, job_)); }),
              HasSubstr("text 2 of 2 has no tokens"));
}

TEST_F(EmbeddingModelTest, SurvivesSpecialTokensOutsideTheVocabulary) {
  for (const std::int64_t token : {std::int64_t{259}, std::int64_t{1} << 31, std::int64_t{-1}}) {
    auto file = test::tiny_word_piece_bert();
    for (const char* name : {"bos", "cls", "seperator", "unknown"})
      file.metadata["tokenizer.ggml." + std::string(name) + "_token_id"] = token;
    try {
      EmbeddingModel model(write(file), {.threads = 1});
      for (const auto& embedding : model.encode(texts, job_)) EXPECT_EQ(embedding.size(), 32U);
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("tiny.gguf"));
    }
  }
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  const auto dot = [](const auto& x, const auto& y) { return std::inner_product(x.begin(), x.end(), y.begin(), 0.0); };
  return dot(a, b) / std::sqrt(dot(a, a) * dot(b, b));
}

// Numbers of the transformers library in float64: means of the last hidden states, not scaled. GELU is by erf there.
TEST_F(EmbeddingModelTest, GivesTheNumbersOfTransformersForARealModel) {
  const auto path = test::real_embedding_model();
  if (!path) GTEST_SKIP() << "make embedding-model fetches the model";
  EmbeddingModel model(*path, {.threads = 1});
  EXPECT_EQ(model.pooling(), EmbeddingPooling::mean);
  EXPECT_EQ(model.width(), 384U);
  const auto embeddings =
      model.encode(Texts{"A man is playing a guitar on the street.", "Someone performs music with a guitar outdoors.",
                         "The stock market fell sharply on Monday."},
                   job_);
  EXPECT_NEAR(cosine(embeddings[0], embeddings[1]), 0.7143, 2e-3);
  EXPECT_NEAR(cosine(embeddings[0], embeddings[2]), 0.0369, 2e-3);
  EXPECT_NEAR(cosine(embeddings[1], embeddings[2]), 0.0025, 2e-3);
  const std::vector<float> first = {0.39281F, -0.19197F, 0.20331F, -0.1814F, -0.69919F, -0.06257F};
  EXPECT_THAT(std::vector(embeddings[0].begin(), embeddings[0].begin() + 6),
              Pointwise(FloatNear(gelu_tolerance), first));
}

TEST(EmbeddingPooling, IsReadAsItIsWritten) {
  for (const auto pooling : {EmbeddingPooling::cls, EmbeddingPooling::mean, EmbeddingPooling::last})
    EXPECT_EQ(parse_embedding_pooling(to_string(pooling)), pooling);
  EXPECT_THAT(message_of(ErrorKind::usage, [] { static_cast<void>(parse_embedding_pooling("max")); }),
              HasSubstr("unknown pooling \"max\": mean, cls or last"));
}

}  // namespace
}  // namespace w2s
