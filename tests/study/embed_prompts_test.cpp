#include "w2s/study.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <stop_token>

#include "results/embeddings_file.h"
#include "study/scripted_encoder.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

using test::message_of;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::array base = {PromptVariant::base};
constexpr std::array two_variants = {PromptVariant::base, PromptVariant::user_positive};

class PromptEmbeddingsTest : public testing::Test {
 protected:
  // The sample's number, which its question holds, and the length.
  [[nodiscard]] static test::ScriptedEncoder encoder(const std::string& name = "gguf:fake:mean") {
    return {name, [](const std::string& text) {
              return std::vector<float>{std::stof(text.substr(text.find("Is ") + 3)), static_cast<float>(text.size())};
            }};
  }
  void embed(TextEncoder& with, std::span<const PromptVariant> variants = base, const Job& job = {}) {
    embed_prompts(folder_, behavior_, split_, variants, with, job);
  }
  [[nodiscard]] std::string refusal(TextEncoder& with) {
    return message_of(ErrorKind::results, [&] { embed(with); });
  }
  [[nodiscard]] EmbeddingsFile file() const { return read_embeddings_file(folder_.embeddings("gguf:fake:mean")); }

  test::TemporaryFolder root_;
  BehaviorFolder folder_{root_.path()};
  Behavior behavior_ = test::questions(150);
  Split split_ = split_samples(150, 3);
};

TEST_F(PromptEmbeddingsTest, AreOfAllTurnsWithTheSystemMessage) {
  const auto& sample = behavior_.samples.front();
  EXPECT_EQ(plain_text(conversation(behavior_, sample)), behavior_.system + "\n\n" + sample.messages.front().content);
  EXPECT_EQ(plain_text(conversation(behavior_, sample, PromptVariant::system_positive)),
            behavior_.positive + "\n\n" + sample.messages.front().content);
}

TEST_F(PromptEmbeddingsTest, AreOfAllSamplesInBaseAndOfTestSamplesInOtherVariants) {
  auto own = encoder();
  embed(own, two_variants);
  const auto kept = file();
  EXPECT_EQ(kept.encoder, "gguf:fake:mean");
  EXPECT_EQ(kept.width, 2U);
  EXPECT_THAT(kept.variants, SizeIs(2));
  EXPECT_THAT(kept.variants.at(PromptVariant::base).samples, SizeIs(150));
  EXPECT_EQ(kept.variants.at(PromptVariant::user_positive).samples, split_.test);
  for (const auto& [variant, rows] : kept.variants) {
    for (std::size_t i = 0; i < rows.samples.size(); ++i) {
      const auto text = plain_text(conversation(behavior_, behavior_.samples[rows.samples[i]], variant));
      EXPECT_EQ(rows.values[2 * i], static_cast<float>(rows.samples[i]));
      EXPECT_EQ(rows.values[2 * i + 1], static_cast<float>(text.size()));
    }
  }
}

TEST_F(PromptEmbeddingsTest, AreMadeOnce) {
  auto first = encoder();
  embed(first);
  auto second = encoder();
  embed(second);
  EXPECT_THAT(second.texts, IsEmpty());
  embed(second, two_variants);
  EXPECT_THAT(second.texts, SizeIs(split_.test.size())) << "only the variant that was added";
  EXPECT_THAT(file().variants, SizeIs(2));
}

TEST_F(PromptEmbeddingsTest, GoOnAfterAnInterruption) {
  auto whole = encoder();
  embed(whole, two_variants);
  const auto expected = read_file(folder_.embeddings("gguf:fake:mean"));
  std::filesystem::remove(folder_.embeddings("gguf:fake:mean"));

  std::stop_source stop;
  auto stopped = encoder();
  stopped.before_chunk = [&] {
    if (stopped.texts.size() >= 64) stop.request_stop();
  };
  EXPECT_EQ(
      message_of(ErrorKind::interrupted,
                 [&] { embed(stopped, two_variants, {.on_progress = {}, .on_warning = {}, .stop = stop.get_token()}); })
          .empty(),
      false);
  EXPECT_FALSE(std::filesystem::exists(folder_.embeddings("gguf:fake:mean")));

  auto resumed = encoder();
  std::vector<Progress> progress;
  embed(resumed, two_variants,
        {.on_progress = [&](const Progress& step) { progress.push_back(step); }, .on_warning = {}, .stop = {}});
  EXPECT_THAT(stopped.texts.size(), testing::AllOf(testing::Ge(64U), testing::Lt(150U + split_.test.size())));
  EXPECT_EQ(stopped.texts.size() + resumed.texts.size(), whole.texts.size());
  EXPECT_EQ(progress.back().resumed, stopped.texts.size());
  EXPECT_EQ(progress.back().done, progress.back().total);
  EXPECT_EQ(read_file(folder_.embeddings("gguf:fake:mean")), expected);
  EXPECT_THAT(std::distance(std::filesystem::directory_iterator(root_.path()), {}), 1) << "chunks are gone";
}

TEST_F(PromptEmbeddingsTest, OfADamagedChunkAreMadeAgain) {
  auto interrupted = encoder();
  std::stop_source stop;
  interrupted.before_chunk = [&] { stop.request_stop(); };
  EXPECT_THROW(embed(interrupted, base, {.on_progress = {}, .on_warning = {}, .stop = stop.get_token()}), Error);
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root_.path()))
    if (entry.is_regular_file()) write_file(entry.path(), "GGUF");
  auto again = encoder();
  embed(again);
  EXPECT_THAT(again.texts, SizeIs(150));
}

TEST_F(PromptEmbeddingsTest, OfOtherDataOrAnotherModelAreRefusedByName) {
  auto own = encoder();
  embed(own);
  const auto path = folder_.embeddings("gguf:fake:mean");
  const auto before = read_file(path);
  auto newer = encoder();
  newer.version = "2";
  EXPECT_THAT(refusal(newer), AllOf(HasSubstr(path.string()), HasSubstr("another model called gguf:fake:mean")));
  auto similar = encoder("gguf:fake_mean");
  EXPECT_THAT(refusal(similar), HasSubstr("is of the encoder gguf:fake:mean, not gguf:fake_mean"));
  behavior_.samples[7].messages.front().content += '!';
  EXPECT_THAT(refusal(own), AllOf(HasSubstr(path.string()), HasSubstr("other data")));
  EXPECT_EQ(read_file(path), before);
}

TEST_F(PromptEmbeddingsTest, OfSeveralWidthsOrWithoutValuesAreAnError) {
  test::ScriptedEncoder uneven("remote:uneven",
                               [](const std::string& text) { return std::vector<float>(text.size() % 2 + 1); });
  EXPECT_THAT(message_of(ErrorKind::engine, [&] { embed(uneven); }), HasSubstr("remote:uneven"));
  test::ScriptedEncoder infinite("remote:infinite", [](const std::string&) { return std::vector<float>{1.0F / 0.0F}; });
  EXPECT_THAT(message_of(ErrorKind::engine, [&] { embed(infinite); }), HasSubstr("not finite"));
}

TEST_F(PromptEmbeddingsTest, InAFileWithPartsMissingAreRefusedByName) {
  auto own = encoder();
  embed(own);
  const auto path = folder_.embeddings("gguf:fake:mean");
  const auto whole = read_tensor_file(path);
  const auto message = [&](const TensorFile& changed) {
    write_tensor_file(path, changed);
    return refusal(own);
  };
  auto changed = whole;
  changed.tensors["BASE"].values.pop_back();
  changed.tensors["BASE"].shape = {299};
  EXPECT_THAT(message(changed), AllOf(HasSubstr(path.string()), HasSubstr("not of its samples")));
  changed = whole;
  changed.metadata.erase("w2s.embeddings.data");
  EXPECT_THAT(message(changed), HasSubstr("w2s.embeddings.data is missing"));
  changed = whole;
  changed.metadata["general.architecture"] = std::string("llama");
  EXPECT_THAT(message(changed), HasSubstr("are no embeddings"));
  write_file(path, "GGUF");
  EXPECT_THAT(refusal(own), HasSubstr("delete it"));
}

TEST_F(PromptEmbeddingsTest, StayInTheirFolderWhateverTheEncoderIsCalled) {
  EXPECT_EQ(folder_.embeddings("remote:../../a b:64"), root_.path() / "embeddings.remote_.._.._a_b_64.gguf");
}

}  // namespace
}  // namespace w2s
