// Every steering method through the program: made, inspected, swept, and side by side in a run.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "cli/small_study.h"
#include "w2s/vectors.h"

namespace w2s::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Methods : public SmallStudy {
 protected:
  // Every other sample with its answers exchanged: cast tells prompts apart by the answer the model prefers.
  void SetUp() override {
    SmallStudy::SetUp();
    std::istringstream lines(samples(30));
    std::string text;
    std::size_t index = 0;
    for (std::string line; std::getline(lines, line); ++index) {
      auto sample = nlohmann::json::parse(line);
      if (index % 2 == 1) std::swap(sample["chosen"], sample["rejected"]);
      text += sample.dump() + "\n";
    }
    write("review.jsonl", text);
  }

  [[nodiscard]] std::vector<std::string> vectors_arguments(std::string_view method,
                                                           const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"vectors",
                                          "-m",
                                          path("model.gguf"),
                                          "--data",
                                          path("review.jsonl"),
                                          "--method",
                                          std::string(method),
                                          "-o",
                                          path("vectors.gguf"),
                                          "--l2s-learning-rates",
                                          "0.001",
                                          "--l2s-max-epochs",
                                          "5"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
};

TEST_F(Methods, CanBeMadeInspectedAndSwept) {
  for (const auto& method : steering_methods()) {
    const auto made = w2s(vectors_arguments(method.name));
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_FALSE(exists("vectors.gguf.fitting"));
    const auto inspected = w2s({"inspect", path("model.gguf"), path("vectors.gguf")});
    EXPECT_THAT(inspected.out, AllOf(HasSubstr(std::string(method.name)), HasSubstr("These fit together.")));
    const auto swept = w2s(sweep_arguments({"--limit", "4", "--multipliers", "-1,0,1", "--format", "json"}));
    ASSERT_EQ(swept.exit_code, 0) << swept.err;
    EXPECT_EQ(nlohmann::json::parse(swept.out)["samples"].size(), 4U) << method.name;
  }
}

TEST_F(Methods, TellWhatL2sChoseAndHowNearItComesToTheOracle) {
  const auto made = w2s(vectors_arguments("l2s", {"--context-layers", "1,3"}));
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_THAT(made.out,
              AllOf(HasSubstr("mean's cosine"), HasSubstr("context layer: "), HasSubstr("the training mean's")));
  EXPECT_THAT(made.err, HasSubstr("l2s"));
  const auto inspected = w2s({"inspect", path("vectors.gguf")});
  EXPECT_THAT(inspected.out, HasSubstr("mean's cosine"));
}

TEST_F(Methods, GoOnWhereTheyWereInterrupted) {
  // As many epochs as training would wait for a better one, of networks so wide that they take a while: training ends
  // where its epochs do, and not before the signal comes.
  std::vector<std::string> arguments = {"vectors", "-m", path("model.gguf"), "--data", path("review.jsonl")};
  for (const char* argument : {"--method", "l2s", "--context-layers", "1", "--l2s-hidden-width", "4000",
                               "--l2s-max-epochs", "20", "--threads", "1", "-o"})
    arguments.emplace_back(argument);
  arguments.push_back(path("vectors.gguf"));
  ProcessOptions interrupted;
  interrupted.interrupt_at = "l2s 0/12";
  const auto first = w2s(arguments, interrupted);
  EXPECT_EQ(first.exit_code, 1);
  EXPECT_THAT(first.err, AllOf(HasSubstr("interrupted"), HasSubstr("goes on from there")));
  EXPECT_FALSE(exists("vectors.gguf"));
  EXPECT_TRUE(exists("vectors.gguf.fitting/train/representations-0.gguf"));
  const auto second = w2s(arguments);
  ASSERT_EQ(second.exit_code, 0) << second.err;
  EXPECT_THAT(second.err, HasSubstr("representations 24/24"));
  EXPECT_FALSE(exists("vectors.gguf.fitting"));
}

TEST_F(Methods, StandSideBySideInARun) {
  const auto result =
      w2s(run_arguments({"--method", "caa,l2s", "--l2s-learning-rates", "0.001", "--l2s-max-epochs", "5"}));
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, AllOf(HasSubstr("method"), HasSubstr("oracle"), HasSubstr("fixed-own"),
                                HasSubstr("review, l2s: W2S"), HasSubstr("review, l2s: cosine")));
  for (const char* file : {"vectors.gguf", "vectors.l2s.gguf", "vectors.oracle.gguf", "predictor.l2s.gguf"})
    EXPECT_TRUE(exists(std::string("results/review/") + file)) << file;
  EXPECT_THAT(w2s({"inspect", path("results")}).out, HasSubstr("review/vectors.l2s.gguf"));
  const auto validation = w2s({"eval", path("results"), "--split", "validation", "--format", "csv"});
  EXPECT_THAT(validation.out, AllOf(HasSubstr("l2s,BASE,validation"), Not(HasSubstr(",test,"))));
}

TEST_F(Methods, AreAppliedByTheOperatorAskedFor) {
  make_vectors();
  std::vector<std::string> outputs;
  for (const char* operation : {"add", "add-keep-norm", "ablate-add"}) {
    const auto swept = w2s(sweep_arguments({"--operator", operation, "--limit", "3", "--format", "jsonl"}));
    ASSERT_EQ(swept.exit_code, 0) << swept.err;
    EXPECT_THAT(outputs, Not(testing::Contains(swept.out))) << operation;
    outputs.push_back(swept.out);
  }
  const auto refused = w2s(sweep_arguments({"--operator", "multiply"}));
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("--operator"));
}

TEST_F(Methods, OfAnInputAreRefusedWhereTheyDoNotFit) {
  const auto out_of_range = w2s(vectors_arguments("l2s", {"--context-layers", "4"}));
  EXPECT_EQ(out_of_range.exit_code, 2);
  EXPECT_THAT(out_of_range.err, HasSubstr("layer 4 in '4' is out of range: the model has layers 0 to 3"));
  EXPECT_FALSE(exists("vectors.gguf"));
  ASSERT_EQ(w2s(vectors_arguments("oracle")).exit_code, 0);
  write_tiny_model(path("model.gguf"), qwen2_like_40_layers());
  const auto other_model = w2s(sweep_arguments());
  EXPECT_EQ(other_model.exit_code, 2);
  EXPECT_THAT(other_model.err, AllOf(HasSubstr("vectors.gguf"), HasSubstr("belong to another model")));
}

TEST_F(Methods, InAFolderOfOthersAreADifferenceThatIsNamed) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto other = w2s(run_arguments({"--method", "pca"}));
  EXPECT_EQ(other.exit_code, 2);
  EXPECT_THAT(other.err, HasSubstr("methods = caa, now it is pca"));
  const auto other_operator = w2s(run_arguments({"--operator", "ablate-add"}));
  EXPECT_EQ(other_operator.exit_code, 2);
  EXPECT_THAT(other_operator.err, HasSubstr("operator = add, now it is ablate-add"));
}

}  // namespace
}  // namespace w2s::test
