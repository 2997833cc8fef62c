// What a user gets for bad input: exit code 2, one line that says what is wrong, and nothing lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <limits>
#include <string>

#include "cli/small_study.h"
#include "support/tiny_model.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class BadInput : public SmallStudy {
 protected:
  // One line "error: ..." and exit code 2.
  static void expect_refusal(const ProcessResult& result, const ::testing::Matcher<std::string>& says) {
    EXPECT_EQ(result.exit_code, 2) << "signal " << result.signal << "\n" << result.err;
    const auto begin = result.err.rfind("error: ");
    ASSERT_NE(begin, std::string::npos) << result.err;
    const auto line = result.err.substr(begin);
    EXPECT_EQ(std::ranges::count(line, '\n'), 1) << line;
    EXPECT_THAT(line, says);
  }

  void write_data(std::string_view content) const { write("review.jsonl", content); }

  void write_vectors(std::size_t layers, std::size_t width, float value = 0.5F) const {
    TensorFile file;
    file.metadata = {{"general.architecture", std::string("controlvector")},
                     {"controlvector.model_hint", std::string("llama")},
                     {"controlvector.layer_count", static_cast<std::int64_t>(layers)}};
    for (std::size_t layer = 0; layer < layers; ++layer)
      file.tensors["direction." + std::to_string(layer)] = {{width}, std::vector<float>(width, value)};
    write_tensor_file(path("vectors.gguf"), file);
  }
};

TEST_F(BadInput, AModelThatIsMissingIsNamed) {
  fs::remove(path("model.gguf"));
  expect_refusal(w2s(run_arguments()), HasSubstr("model.gguf"));
  EXPECT_FALSE(exists("results"));
}

TEST_F(BadInput, ATruncatedModelIsRefused) {
  const auto content = read_file(path("model.gguf"));
  for (const std::size_t size : {std::size_t{0}, std::size_t{3}, std::size_t{100}, content.size() / 2}) {
    write("model.gguf", std::string_view(content).substr(0, size));
    expect_refusal(w2s(run_arguments()), HasSubstr("model.gguf"));
  }
}

TEST_F(BadInput, AFileThatIsNoModelIsRefused) {
  write("model.gguf", "This is not a model.\n");
  expect_refusal(w2s(run_arguments()), HasSubstr("model.gguf"));
}

TEST_F(BadInput, AModelThatCannotBeSteeredIsRefusedByItsArchitecture) {
  write_tiny_model(path("model.gguf"), model_without_layer_outputs());
  expect_refusal(w2s(run_arguments()), HasSubstr(model_without_layer_outputs().architecture));
}

TEST_F(BadInput, AnEmbeddingModelIsRefusedAsAChatModel) {
  write_tensor_file(path("model.gguf"), tiny_bert());
  expect_refusal(w2s(run_arguments()), HasSubstr("bert"));
}

TEST_F(BadInput, VectorsOfAnotherWidthAreRefused) {
  write_vectors(tiny_llama().layers, 16);
  expect_refusal(w2s(sweep_arguments()), AllOf(HasSubstr("vectors.gguf"), HasSubstr("16"), HasSubstr("32")));
}

TEST_F(BadInput, VectorsWithAnotherNumberOfLayersAreRefused) {
  write_vectors(7, tiny_llama().width);
  expect_refusal(w2s(sweep_arguments()), AllOf(HasSubstr("vectors.gguf"), HasSubstr("7"), HasSubstr("4")));
}

TEST_F(BadInput, VectorsThatAreNotNumbersAreRefused) {
  write_vectors(tiny_llama().layers, tiny_llama().width, std::numeric_limits<float>::quiet_NaN());
  expect_refusal(w2s(sweep_arguments()), HasSubstr("vectors.gguf"));
  write_vectors(tiny_llama().layers, tiny_llama().width, std::numeric_limits<float>::infinity());
  expect_refusal(w2s(sweep_arguments()), HasSubstr("vectors.gguf"));
}

TEST_F(BadInput, AModelGivenAsVectorsIsRefused) {
  fs::copy_file(path("model.gguf"), path("vectors.gguf"));
  expect_refusal(w2s(sweep_arguments()), HasSubstr("vectors.gguf"));
}

TEST_F(BadInput, AMalformedLineIsNamedByFileAndNumber) {
  write_data(samples(2) + "{\"prompt\": \"x\", \"chosen\": \n" + samples(1));
  expect_refusal(w2s(run_arguments()), HasSubstr("review.jsonl:3"));
}

TEST_F(BadInput, ASampleWithoutAnAnswerIsNamedByItsField) {
  write_data(samples(1) + R"({"prompt": "x", "chosen": " yes"})" + "\n");
  expect_refusal(w2s(run_arguments()), AllOf(HasSubstr("review.jsonl:2"), HasSubstr("rejected")));
}

TEST_F(BadInput, EqualAnswersAreNamedByFileAndLine) {
  write_data(samples(3) + R"({"prompt": "x", "chosen": " yes", "rejected": " yes"})" + "\n");
  expect_refusal(w2s(run_arguments()), HasSubstr("review.jsonl:4"));
}

TEST_F(BadInput, AnAnswerThatBeginsTheOtherIsNamedByFileAndLine) {
  write_data(samples(3) + R"({"prompt": "x", "chosen": " yes", "rejected": " yes, but"})" + "\n");
  expect_refusal(w2s(run_arguments()), HasSubstr("review.jsonl:4"));
}

TEST_F(BadInput, AnEmptyDataSetIsRefused) {
  write_data("");
  expect_refusal(w2s(run_arguments()), HasSubstr("review.jsonl"));
  EXPECT_FALSE(exists("results"));
}

TEST_F(BadInput, DataThatIsMissingIsNamed) {
  fs::remove(path("review.jsonl"));
  expect_refusal(w2s(run_arguments()), HasSubstr("review.jsonl"));
}

TEST_F(BadInput, ABehaviourThatIsNotInTheDataIsNamed) {
  expect_refusal(w2s(run_arguments({"--behavior", "openness"})), HasSubstr("openness"));
}

TEST_F(BadInput, FewerSamplesThanFoldsAreRefusedBeforeTheSweep) {
  write_data(samples(8));
  expect_refusal(w2s(run_arguments({"--folds", "5"})), AllOf(HasSubstr("folds"), HasSubstr("5")));
  EXPECT_FALSE(exists("results/review/sweep.sqlite"));
}

TEST_F(BadInput, APromptLongerThanTheContextIsNamed) {
  expect_refusal(w2s(run_arguments({"-c", "20"})), HasSubstr("context"));
  EXPECT_FALSE(exists("results/review/sweep.sqlite"));
}

TEST_F(BadInput, APromptLongerThanTheModelWasTrainedForIsNamed) {
  write_data(samples(20) + R"({"id": "long one", "prompt": ")" + std::string(2000, 'x') +
             R"(", "chosen": " great", "rejected": " terrible"})" + "\n");
  expect_refusal(w2s(run_arguments()), HasSubstr("long one"));
}

TEST_F(BadInput, AnEncoderThatDoesNotExistIsRefusedBeforeTheSweep) {
  expect_refusal(w2s(run_arguments({"--encoder", "layer9-last"})), HasSubstr("4 layers"));
  EXPECT_FALSE(exists("results/review/sweep.sqlite"));
}

TEST_F(BadInput, LayersAndMultipliersThatMakeNoSweepAreRefused) {
  expect_refusal(w2s(run_arguments({"--layers", "0-9"})), HasSubstr("9"));
  expect_refusal(w2s(run_arguments({"--multipliers", "1"})), HasSubstr("multiplier"));
  expect_refusal(w2s(run_arguments({"--multipliers", "-1,zero"})), HasSubstr("zero"));
}

TEST_F(BadInput, VariantsWithoutDescriptionsAreRefused) {
  expect_refusal(w2s(run_arguments({"--variants", "BASE,SYS.POS"})), HasSubstr("description"));
}

TEST_F(BadInput, AResultsFolderOfOtherSettingsIsRefusedAndKept) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  const auto results = read_file(path("results/results.json"));
  const auto settings = read_file(path("results/settings.json"));

  expect_refusal(w2s(run_arguments({"--multipliers", "-1,0,1"})), HasSubstr("multipliers"));
  expect_refusal(w2s(run_arguments({"--seed", "9"})), HasSubstr("seed"));
  write_data(samples(31));
  expect_refusal(w2s(run_arguments()), HasSubstr("data"));

  EXPECT_EQ(read_file(path("results/results.json")), results);
  EXPECT_EQ(read_file(path("results/settings.json")), settings);
}

TEST_F(BadInput, AFolderWithoutResultsIsRefused) {
  expect_refusal(w2s({"eval", path("")}), HasSubstr("results folder"));
  expect_refusal(w2s({"fit", path("nowhere")}), HasSubstr("nowhere"));
}

TEST_F(BadInput, ADamagedSweepIsRefused) {
  ASSERT_EQ(w2s(run_arguments()).exit_code, 0);
  write("results/review/sweep.sqlite",
        "not a database, but long enough to look like a header of one: " + std::string(200, 'x'));
  expect_refusal(w2s({"eval", path("results")}), HasSubstr("sweep.sqlite"));
}

TEST_F(BadInput, AFullDiskLosesNothingThatWasFinished) {
  const auto complete = w2s(run_arguments());
  ASSERT_EQ(complete.exit_code, 0) << complete.err;
  const auto expected = read_file(path("results/results.json"));
  fs::remove_all(path("results"));

  // Room for the vectors and some of the sweep.
  const auto stopped = w2s(run_arguments(), {.file_size_limit = 64 * 1024});
  expect_refusal(stopped, HasSubstr("results"));
  EXPECT_FALSE(exists("results/results.json"));

  const auto resumed = w2s(run_arguments());
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_EQ(read_file(path("results/results.json")), expected);
}

TEST_F(BadInput, AFullDiskDoesNotHalfWriteAnOutputFile) {
  make_vectors();
  const auto before = read_file(path("vectors.gguf"));
  const auto result =
      w2s({"vectors", "-m", path("model.gguf"), "--data", path("review.jsonl"), "-o", path("vectors.gguf")},
          {.file_size_limit = 256});
  expect_refusal(result, HasSubstr("vectors.gguf"));
  EXPECT_EQ(read_file(path("vectors.gguf")), before);
}

TEST_F(BadInput, AFullStandardOutputIsAnError) {
  make_vectors();
  const auto result = w2s(sweep_arguments({"--format", "jsonl"}), {.standard_output = "/dev/full"});
  expect_refusal(result, HasSubstr("standard output"));
}

TEST_F(BadInput, AnInterruptEndsTheRunAndSaysHowToGoOn) {
  write_tiny_model(path("model.gguf"), qwen2_like_40_layers());
  write_data(samples(300));
  const auto result = w2s(run_arguments(), {.interrupt_at = "sweep 0/300"});
  EXPECT_EQ(result.exit_code, 1) << "signal " << result.signal;
  EXPECT_THAT(result.err, HasSubstr("error: interrupted; what was finished is in " + path("results")));
  EXPECT_THAT(result.err, HasSubstr("goes on from there"));
  EXPECT_TRUE(exists("results/review/sweep.sqlite"));
  EXPECT_FALSE(exists("results/results.json"));
}

TEST_F(BadInput, FilesThatDoNotFitTogetherAreTold) {
  write_vectors(7, tiny_llama().width);
  const auto result = w2s({"inspect", path("model.gguf"), path("vectors.gguf")});
  expect_refusal(result, HasSubstr("do not fit together"));
  EXPECT_THAT(result.out, HasSubstr("4 layers against 7"));
}

}  // namespace
}  // namespace w2s::test
