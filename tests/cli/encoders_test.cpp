// Embedding models and servers as prompt encoders, from the outside.
#include <gmock/gmock.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/small_study.h"
#include "remote/embeddings_server.h"
#include "support/tiny_bert.h"
#include "w2s/model.h"

namespace w2s::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Embedding with one thread: several of them wait for each other on a machine that has other work.
class Encoders : public SmallStudy {
 protected:
  void SetUp() override {
    SmallStudy::SetUp();
    ::setenv("W2S_CACHE", path("cache").c_str(), 1);
    ::setenv("OPENAI_BASE_URL", server_.base_url().c_str(), 1);
    ::setenv("OPENAI_API_KEY", "sk-of-a-test", 1);
    ::setenv("NO_PROXY", "127.0.0.1", 1);
  }
  void TearDown() override {
    for (const auto* name : {"W2S_CACHE", "OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_PROXY"}) ::unsetenv(name);
  }

  [[nodiscard]] std::set<std::string> texts_asked_for() {
    std::set<std::string> texts;
    for (const auto& request : server_.requests()) texts.insert(request.begin(), request.end());
    return texts;
  }
  [[nodiscard]] static std::vector<std::string> small_grid(std::vector<std::string> arguments) {
    arguments.insert(arguments.end(), {"--seeds", "2", "--learning-rates", "0.01", "--hidden-widths", "8",
                                       "--hidden-layers", "1", "--weight-decays", "0.01"});
    return arguments;
  }

  EmbeddingsServer server_;
};

TEST_F(Encoders, OfAFaultyServerLoseNothingInARun) {
  server_.next(answers(429, R"({"error": {"message": "slow down"}})"));
  server_.next(answers(200, R"({"data": [{"ind)"));
  const auto run = w2s(run_arguments({"--encoder", "remote:some-model"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.err, AllOf(HasSubstr("slow down"), HasSubstr("embeddings remote:some-model")));
  EXPECT_EQ(server_.requests().size(), 3U) << "all prompts in one request, twice in vain";
  EXPECT_EQ(texts_asked_for().size(), 30U);
  EXPECT_THAT(*texts_asked_for().begin(), HasSubstr("\n\nThe "));
  EXPECT_TRUE(exists("results/review/embeddings.remote_some-model.gguf"));
  const auto inspected = w2s({"inspect", path("results/review/predictor.gguf"), path("model.gguf"), path("results"),
                              path("results/review/embeddings.remote_some-model.gguf")});
  EXPECT_EQ(inspected.exit_code, 0) << inspected.err;
  EXPECT_THAT(inspected.out, AllOf(HasSubstr("These fit together."), HasSubstr(": embeddings of prompts"),
                                   HasSubstr("remote:some-model")));

  const auto results = read_file(path("results/results.json"));
  ASSERT_EQ(w2s(run_arguments({"--encoder", "remote:some-model"})).exit_code, 0);
  EXPECT_EQ(server_.requests().size(), 3U) << "nothing is asked twice";
  EXPECT_EQ(read_file(path("results/results.json")), results);
}

TEST_F(Encoders, OfAServerThatRefusesEndARunThatGoesOnLater) {
  server_.next(answers(401, R"({"error": {"message": "no such key"}})"));
  const auto refused = w2s(run_arguments({"--encoder", "remote:some-model"}));
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr("error: no embeddings from"), HasSubstr("no such key"), Not(HasSubstr("sk-of-a-test"))));
  const auto again = w2s(run_arguments({"--encoder", "remote:some-model"}));
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_THAT(again.err, Not(HasSubstr("representations"))) << "what was measured is kept";
  EXPECT_TRUE(exists("results/results.json"));
}

TEST_F(Encoders, OfVariantsAreThoseOfTheirOwnPrompts) {
  write("review.toml", "positive = \"You like everything.\"\nnegative = \"You like nothing.\"\n");
  const auto run = w2s(run_arguments({"--encoder", "remote:some-model", "--variants", "BASE,USER.NEG"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  EXPECT_EQ(texts_asked_for().size(), 45U);
  EXPECT_THAT(w2s({"eval", path("results"), "--format", "csv"}).out, HasSubstr("USER.NEG,test,w2s-top1"));
}

TEST_F(Encoders, AreComparedAndChosenWithAnEmbeddingModelAddedLater) {
  write_tensor_file(path("bert.gguf"), tiny_word_piece_bert());
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto encoders = small_grid({"encoders", path("results"), "--encoder", "gguf:" + path("bert.gguf"), "-t", "1"});
  const auto without_data = w2s(encoders);
  EXPECT_EQ(without_data.exit_code, 2);
  EXPECT_THAT(without_data.err, HasSubstr("--data"));

  auto with_data = encoders;
  with_data.insert(with_data.end(), {"--data", path("review.jsonl"), "--umap", path("umap.csv")});
  const auto compared = w2s(with_data);
  ASSERT_EQ(compared.exit_code, 0) << compared.err;
  EXPECT_THAT(compared.out, AllOf(HasSubstr("gguf:bert:cls"), HasSubstr("first-mean"), HasSubstr("CV steerability")));
  const auto json = nlohmann::json::parse(read_file(path("results/encoders.json")));
  const auto umap = read_file(path("umap.csv"));
  EXPECT_THAT(umap, ::testing::StartsWith("encoder,behavior,sample,x,y\n"));
  EXPECT_EQ(std::ranges::count(umap, '\n'), 1 + static_cast<std::ptrdiff_t>(30 * json["spaces"].size()));
  EXPECT_EQ(json["spaces"].back()["encoder"], "gguf:bert:cls");
  EXPECT_TRUE(json["spaces"].back()["silhouette"].is_null()) << "one behaviour";

  const auto again = w2s(encoders);
  ASSERT_EQ(again.exit_code, 0) << "what is embedded needs no data: " << again.err;
  EXPECT_EQ(nlohmann::json::parse(read_file(path("results/encoders.json"))), json);

  const auto fitted = w2s(small_grid({"fit", path("results"), "--encoder", "gguf:bert"}));
  ASSERT_EQ(fitted.exit_code, 0) << fitted.err;
  EXPECT_THAT(fitted.out, HasSubstr("encoder gguf:bert:cls"));
  EXPECT_EQ(w2s({"eval", path("results")}).exit_code, 0);
  const auto chosen = w2s(small_grid({"fit", path("results"), "--encoder", "auto"}));
  ASSERT_EQ(chosen.exit_code, 0) << chosen.err;
  EXPECT_THAT(chosen.out, AllOf(HasSubstr("encoder choice: "), HasSubstr("by cross-validated steerability"),
                                HasSubstr("gguf:bert:cls ")));
}

TEST_F(Encoders, OfOtherDataAreNotMixedIn) {
  write_tensor_file(path("bert.gguf"), tiny_word_piece_bert());
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  write("review.jsonl", samples(31));
  const auto result = w2s(small_grid(
      {"encoders", path("results"), "--encoder", "gguf:" + path("bert.gguf"), "--data", path("review.jsonl")}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("the samples of review are not those"));
}

TEST_F(Encoders, BesideTheStudysOwnAreThereToChooseFrom) {
  write_tensor_file(path("bert.gguf"), tiny_word_piece_bert());
  const auto run =
      w2s(run_arguments({"--encoder", "auto", "--embed-with", "gguf:" + path("bert.gguf") + ":mean", "-t", "1"}));
  ASSERT_EQ(run.exit_code, 0) << run.err;
  const auto inspected = w2s({"inspect", path("results/review/predictor.gguf")}).out;
  EXPECT_THAT(inspected, AllOf(HasSubstr("encoder choice"), HasSubstr("gguf:bert:mean"), Not(HasSubstr("bert.gguf"))))
      << "names are free of folders";
}

TEST_F(Encoders, ThatAreNotThereAreRefusedBeforeAnythingIsMeasured) {
  for (const std::string name : {"elsewhere", "gguf:none.gguf", "remote:", "layer9-mean"}) {
    const auto result = w2s(run_arguments({"--encoder", name}));
    EXPECT_EQ(result.exit_code, 2) << name;
    EXPECT_FALSE(exists("results")) << name;
  }
  EXPECT_EQ(w2s(run_arguments({"--embed-with", "first-mean"})).exit_code, 2);
}

}  // namespace
}  // namespace w2s::test
