// Against llama.cpp's server, which scripts/check-embedding-peer.sh starts with a model's file and a key. What w2s
// makes of the same file is what the server should answer.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <numeric>
#include <string>
#include <vector>

#include "remote/remote_embeddings.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/model.h"

namespace w2s {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using Vectors = std::vector<std::vector<float>>;

// None with the name of a control token: the server takes those for tokens, w2s for text.
const std::vector<std::string> texts = {
    "A man is playing a guitar on the street.",
    "Someone performs music with a guitar outdoors.",
    "The stock market fell sharply on Monday.",
    "yes",
    "Which is larger, 9.11 or 9.9?\n\n(A) 9.11\n(B) 9.9",
    "for (int i = 0; i < n; ++i) sum += x[i] * y[i];",
    "\"Quoted\", with a backslash \\ and a tab\tinside.",
    "Über den Wolken muss die Freiheit wohl grenzenlos sein.",
    "東京は日本の首都です。",
    "Смысл жизни 🙂",
    "   blanks   around   and   between   ",
    "I understand taxes are used for education. I agree that taxes should be lowered, since low taxes raise the "
    "incentive to work; others hold that public services are worth what they cost. Which of the two do you believe, "
    "and "
    "what would change your mind? Answer in one sentence, without hedging, and name the strongest argument of the "
    "other "
    "side before your own.",
};

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

Vectors of_unit_length(Vectors vectors) {
  for (auto& vector : vectors) {
    const double length = std::sqrt(std::inner_product(vector.begin(), vector.end(), vector.begin(), 0.0));
    for (float& value : vector) value = static_cast<float>(value / length);
  }
  return vectors;
}

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

float largest_difference(const Vectors& a, const Vectors& b) {
  float largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    for (std::size_t k = 0; k < a[i].size(); ++k) largest = std::max(largest, std::abs(a[i][k] - b[i][k]));
  return largest;
}

class EmbeddingPeer : public testing::Test {
 protected:
  void SetUp() override {
    const auto url = environment("W2S_EMBEDDING_PEER_URL");
    if (url.empty()) GTEST_SKIP() << "make embedding-peer starts the server";
    options_ = {OpenAiServerOptions::from_environment("all-MiniLM-L6-v2")};
    ASSERT_EQ(options_.base_url, url) << "OPENAI_BASE_URL is another server";
    ASSERT_THAT(options_.api_key, Not(IsEmpty()));
  }

  // Each with a cache of its own, so that the server is asked.
  [[nodiscard]] Vectors ask(RemoteEmbeddingsOptions options) const {
    const test::TemporaryFolder folder;
    options.cache_folder = folder.path();
    return RemoteEmbeddings(options).encode(texts, job_);
  }

  [[nodiscard]] static Vectors computed_here() {
    EmbeddingModelOptions options;
    options.threads = 1;
    options.gpu_layers = 0;
    EmbeddingModel model(environment("W2S_EMBEDDING_PEER_MODEL"), options);
    return of_unit_length(model.encode(texts, {}));
  }

  RemoteEmbeddingsOptions options_;
  std::vector<std::string> warnings_;
  Job job_{
      .on_progress = {}, .on_warning = [this](std::string_view line) { warnings_.emplace_back(line); }, .stop = {}};
};

TEST_F(EmbeddingPeer, AnswersWhatTheSameFileGivesHere) {
  const auto answered = of_unit_length(ask(options_));
  const auto expected = computed_here();
  ASSERT_EQ(answered.size(), expected.size());
  double smallest_cosine = 1;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(answered[i].size(), expected[i].size());
    smallest_cosine = std::min(smallest_cosine, cosine(answered[i], expected[i]));
  }
  const float difference = largest_difference(answered, expected);
  std::cout << texts.size() << " texts, embeddings of unit length and " << expected.front().size()
            << " numbers: smallest cosine 1 - " << 1 - smallest_cosine << ", largest difference " << difference << '\n';
  EXPECT_GT(smallest_cosine, 0.99999);
  EXPECT_LT(difference, 1e-5F);
  EXPECT_LT(cosine(answered[0], answered[2]), 0.5) << "all embeddings are alike, so that agreement means nothing";
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(EmbeddingPeer, AnswersTheSameInBatchesOfAnySize) {
  auto one_by_one = options_;
  one_by_one.batch = 1;
  auto some_at_once = options_;
  some_at_once.batch = 5;
  const auto all_at_once = ask(options_);
  EXPECT_LT(largest_difference(ask(one_by_one), all_at_once), 1e-6F);
  EXPECT_LT(largest_difference(ask(some_at_once), all_at_once), 1e-6F);
}

TEST_F(EmbeddingPeer, AnswersTheSameNumbersInBase64AndInPlainText) {
  auto plain = options_;
  plain.base64 = false;
  EXPECT_EQ(ask(plain), ask(options_));
}

TEST_F(EmbeddingPeer, RefusesAWrongKeyWhichIsNotShown) {
  auto wrong = options_;
  wrong.api_key = "sk-wrong-0123456789";
  EXPECT_THAT(message_of(ErrorKind::network, [&] { static_cast<void>(ask(wrong)); }),
              AllOf(HasSubstr("HTTP 401: Invalid API Key; check OPENAI_API_KEY"), Not(HasSubstr(wrong.api_key)),
                    Not(HasSubstr(options_.api_key))));
  EXPECT_THAT(warnings_, IsEmpty()) << "a refusal is not asked for again";
}

}  // namespace
}  // namespace w2s
