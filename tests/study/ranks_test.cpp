// A study that several ranks share: the results of one process, whatever happens on the way.
#include <gmock/gmock.h>

#include <algorithm>
#include <atomic>
#include <filesystem>

#include "support/study_settings.h"
#include "support/thread_ranks.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsNull;

class StudyOnRanks : public testing::Test {
 protected:
  StudyOnRanks() {
    test::write_tiny_model(folder / "model.gguf", test::tiny_llama());
    write_file(folder / "warm.jsonl", test::preference_pairs(30));
    write_file(folder / "warm.toml",
               "positive = \"You find everything warm.\"\nnegative = \"You find nothing warm.\"\n");
    settings.variants = {PromptVariant::base, PromptVariant::user_positive};
    settings.fit.encoder = parse_encoder_choice("first-mean");
    settings.fit.top_k = {1, 2};
    settings.fit.predictor.seeds = 2;
    settings.evaluation.bootstrap_draws = 200;
  }

  [[nodiscard]] std::string results_of_one_process() const {
    static_cast<void>(run_study(settings, folder / "alone"));
    return read_file(folder / "alone" / "results.json");
  }

  // The outcome of each rank.
  std::vector<StudyOutcome> run(std::size_t ranks, const fs::path& where) const {
    std::vector<StudyOutcome> outcomes(ranks);
    const auto failures =
        test::on_ranks(ranks, [&](Ranks& own) { outcomes[own.share().rank] = run_study(settings, where, own); });
    EXPECT_THAT(failures, Each(IsNull()));
    return outcomes;
  }

  // Fails on the rank after so many of its samples of the stage, in which the others go on until they meet.
  void fail(std::size_t ranks, std::size_t failing, std::string_view stage, std::size_t samples,
            const fs::path& where) const {
    const auto failures = test::on_ranks(ranks, [&](Ranks& own) {
      Job job;
      if (own.share().rank == failing) {
        job.on_progress = [&](const Progress& progress) {
          const bool is_it = progress.stage.find(stage) != std::string_view::npos;
          if (is_it && progress.done - progress.resumed >= samples) throw Error(ErrorKind::engine, "died");
        };
      }
      static_cast<void>(run_study(settings, where, own, job));
    });
    EXPECT_FALSE(failures[failing] == nullptr) << stage;
  }

  [[nodiscard]] static BehaviorFolder warm(const fs::path& where) { return {where / "warm"}; }

  test::TemporaryFolder folder;
  StudySettings settings = test::tiny_study(folder / "model.gguf", folder / "warm.jsonl");
};

TEST_F(StudyOnRanks, HasTheResultsOfOneProcess) {
  settings.methods = {"caa", "l2s"};
  settings.method_options.max_epochs = 5;
  settings.method_options.hidden_width = 4;
  const auto alone = results_of_one_process();
  for (const std::size_t ranks : {2, 3}) {
    const auto where = folder / std::to_string(ranks);
    const auto outcomes = run(ranks, where);
    EXPECT_EQ(read_file(where / "results.json"), alone) << ranks;
    for (const auto* file : {"vectors.gguf", "vectors.l2s.gguf", "predictor.gguf", "prompts.jsonl"})
      EXPECT_EQ(read_file(where / "warm" / file), read_file(folder / "alone" / "warm" / file)) << file;
    EXPECT_TRUE(outcomes[0].example.has_value());
    for (std::size_t rank = 1; rank < ranks; ++rank) EXPECT_THAT(outcomes[rank].results, IsEmpty());
  }
}

TEST_F(StudyOnRanks, LeavesNothingOfTheRanksBehind) {
  static_cast<void>(run(2, folder / "out"));
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder / "out" / "warm"))
    names.push_back(entry.path().filename().string());
  EXPECT_THAT(names, testing::UnorderedElementsAre("vectors.gguf", "sweep.sqlite", "predictor.gguf", "prompts.jsonl",
                                                   "times.json"));
  std::vector<std::string> stages;
  for (const auto& [stage, seconds] : read_stage_times(warm(folder / "out"))) stages.push_back(stage);
  EXPECT_THAT(stages, ElementsAre("vectors", "sweep", "predictor", "variants"));
}

TEST_F(StudyOnRanks, MayBeMoreThanThereIsWork) {
  write_file(folder / "warm.jsonl", test::preference_pairs(10));
  const auto alone = results_of_one_process();
  static_cast<void>(run(12, folder / "out"));
  EXPECT_EQ(read_file(folder / "out" / "results.json"), alone);
}

TEST_F(StudyOnRanks, GoesOnAfterAFailureWithAnyNumberOfRanks) {
  const auto alone = results_of_one_process();
  const auto where = folder / "out";
  fail(3, 1, "representations", 0, where);
  fail(3, 2, "sweep", 4, where);
  EXPECT_THAT(warm(where).sweeps_of_ranks(), testing::SizeIs(3));
  fail(2, 0, "cross-validation", 1, where);
  fail(2, 1, "USER.POS", 1, where);
  static_cast<void>(run_study(settings, where));  // a process by itself
  EXPECT_EQ(read_file(where / "results.json"), alone);
  EXPECT_THAT(warm(where).sweeps_of_ranks(), IsEmpty());
}

TEST_F(StudyOnRanks, MeasuresNothingTwiceAfterAFailure) {
  const auto where = folder / "out";
  fail(2, 1, "sweep", 5, where);
  std::size_t kept = 0;
  for (const auto& path : warm(where).sweeps_of_ranks()) kept += SweepStore::read(path).records().size();
  EXPECT_GE(kept, 5U);
  ASSERT_LT(kept, 30U);
  std::atomic<std::size_t> swept = 0;
  const auto failures = test::on_ranks(3, [&](Ranks& own) {
    Job job;
    std::size_t of_rank = 0;
    job.on_progress = [&](const Progress& progress) {
      if (progress.stage.starts_with("warm: sweep (part ") && progress.stage.ends_with(')'))
        of_rank = progress.total - progress.resumed;
    };
    static_cast<void>(run_study(settings, where, own, job));
    swept += of_rank;
  });
  EXPECT_THAT(failures, Each(IsNull()));
  EXPECT_EQ(swept, 30 - kept);
}

TEST_F(StudyOnRanks, ReportTheirOwnPart) {
  std::vector<std::size_t> totals(2);
  std::vector<std::size_t> done(2);
  static_cast<void>(test::on_ranks(2, [&](Ranks& own) {
    const auto rank = own.share().rank;
    Job job;
    job.on_progress = [&](const Progress& progress) {
      if (progress.stage != "warm: sweep (part " + std::to_string(rank + 1) + " of 2)") return;
      totals[rank] = progress.total;
      done[rank] = progress.done;
    };
    static_cast<void>(run_study(settings, folder / "out", own, job));
  }));
  EXPECT_THAT(totals, ElementsAre(15, 15));
  EXPECT_THAT(done, ElementsAre(15, 15));
}

TEST_F(StudyOnRanks, MustAllHaveTheSameSettings) {
  const auto failures = test::on_ranks(2, [&](Ranks& own) {
    auto own_settings = settings;
    if (!own.is_first()) own_settings.multipliers = {-1, 1};
    static_cast<void>(run_study(own_settings, folder / "out", own));
  });
  ASSERT_TRUE(failures[1]);
  EXPECT_THAT([&] { std::rethrow_exception(failures[1]); },
              testing::ThrowsMessage<Error>(HasSubstr("made with multipliers = ")));
}

TEST_F(StudyOnRanks, MustAllSeeTheSameFolder) {
  const auto failures = test::on_ranks(2, [&](Ranks& own) {
    static_cast<void>(run_study(settings, folder / ("out" + std::to_string(own.share().rank)), own));
  });
  ASSERT_TRUE(failures[1]);
  EXPECT_THAT([&] { std::rethrow_exception(failures[1]); },
              testing::ThrowsMessage<Error>(HasSubstr("same file system")));
}

}  // namespace
}  // namespace w2s
