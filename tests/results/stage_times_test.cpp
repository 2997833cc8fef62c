#include "w2s/results.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "results/stage_timer.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StageTimes : public testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> stages() const {
    std::vector<std::string> names;
    for (const auto& [stage, seconds] : read_stage_times(folder_)) {
      names.push_back(stage);
      EXPECT_GE(seconds, 0) << stage;
    }
    return names;
  }

  [[nodiscard]] std::string refusal(const std::string& content) const {
    write_file(folder_.times(), content);
    return test::message_of(ErrorKind::results, [&] { static_cast<void>(read_stage_times(folder_)); });
  }

  test::TemporaryFolder root_;
  BehaviorFolder folder_{root_.path()};
};

TEST_F(StageTimes, AddUpInTheOrderOfARun) {
  EXPECT_THAT(read_stage_times(folder_), IsEmpty());
  add_stage_time(folder_, {"variants", 0.5});
  add_stage_time(folder_, {"vectors", 2});
  add_stage_time(folder_, {"sweep", 1.25});
  add_stage_time(folder_, {"vectors", 3});
  EXPECT_THAT(read_stage_times(folder_),
              ElementsAre(StageTime{"vectors", 5}, StageTime{"sweep", 1.25}, StageTime{"variants", 0.5}));
}

TEST_F(StageTimes, ThatAreDamagedAreRefusedByFile) {
  EXPECT_THAT(refusal("{\"sweep\": 1"), HasSubstr(folder_.times().string() + ": is not a JSON object"));
  EXPECT_THAT(refusal("[1]"), HasSubstr("is not a JSON object of seconds by stage"));
  EXPECT_THAT(refusal("{\"sweep\": \"long\"}"), HasSubstr("\"sweep\" is not a time in seconds"));
  EXPECT_THAT(refusal("{\"sweep\": -1}"), HasSubstr("\"sweep\" is not a time in seconds"));
}

TEST_F(StageTimes, ThatAreDamagedAreBegunAnew) {
  write_file(folder_.times(), "{");
  add_stage_time(folder_, {"sweep", 1});
  EXPECT_THAT(read_stage_times(folder_), ElementsAre(StageTime{"sweep", 1}));
}

TEST_F(StageTimes, AreOfStagesThatFinishedSomething) {
  std::size_t reports = 0;
  const Job job{.on_progress = [&](const Progress&) { ++reports; }, .on_warning = {}, .stop = {}};
  const auto report = [](const Progress& progress) { return [=](const Job& own) { own.report(progress); }; };
  timed(folder_, "vectors", job, [](const Job&) {});
  timed(folder_, "sweep", job, report({.stage = "sweep", .done = 7, .total = 7, .resumed = 7}));
  timed(folder_, "predictor", job, report({.stage = "predictor", .done = 0, .total = 7}));
  EXPECT_FALSE(std::filesystem::exists(folder_.times()));
  timed(folder_, "variants", job, report({.stage = "sweep", .done = 7, .total = 9, .resumed = 6}));
  EXPECT_THAT(stages(), ElementsAre("variants"));
  EXPECT_EQ(reports, 3U) << "the job itself hears of everything";
}

TEST_F(StageTimes, GrowWithEveryRun) {
  const auto work = [](const Job& own) {
    own.report({.stage = "sweep", .done = 1, .total = 1});
    return 42;
  };
  EXPECT_EQ(timed(folder_, "sweep", {}, work), 42);
  const double first = read_stage_times(folder_).at(0).seconds;
  EXPECT_EQ(timed(folder_, "sweep", {}, work), 42);
  EXPECT_GE(read_stage_times(folder_).at(0).seconds, first);
}

TEST_F(StageTimes, AreOfStagesThatWereCutShort) {
  EXPECT_THROW(timed(folder_, "sweep", {}, [](const Job&) { throw std::runtime_error("stopped"); }),
               std::runtime_error);
  EXPECT_THAT(stages(), ElementsAre("sweep"));
}

TEST_F(StageTimes, ThatCannotBeWrittenDoNotFailTheWork) {
  const BehaviorFolder missing{root_ / "missing"};
  const auto work = [](const Job& own) { own.report({.stage = "sweep", .done = 1, .total = 1}); };
  EXPECT_NO_THROW(timed(missing, "sweep", {}, work));
}

}  // namespace
}  // namespace w2s
