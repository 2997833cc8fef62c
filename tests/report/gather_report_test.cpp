// What a report takes from a results folder.
#include "report/gather_report.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <stop_token>
#include <vector>

#include "report/page_reader.h"
#include "report/render_report.h"
#include "report/study_of_two_behaviors.h"
#include "report/web_files.h"
#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/report.h"
#include "w2s/study.h"

namespace w2s::report {
namespace {

namespace fs = std::filesystem;

using test::message_of;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class GatherReport : public testing::Test {
 protected:
  // Made once: it decodes.
  static void SetUpTestSuite() {
    made = new test::TemporaryFolder;
    test::write_study_of_two_behaviors(*made / "study");
  }
  static void TearDownTestSuite() {
    delete made;
    made = nullptr;
  }

  GatherReport() : folder(own / "study") { fs::copy(*made / "study", folder, fs::copy_options::recursive); }

  [[nodiscard]] std::string refusal(ErrorKind kind = ErrorKind::results) const {
    return message_of(kind, [&] { static_cast<void>(gather_report(folder)); });
  }

  // A row of results.json on a method's test samples in BASE.
  [[nodiscard]] static const PolicyResult& row(const ReportData& data, const LayerAnalysis& of,
                                               std::string_view policy) {
    return *std::ranges::find_if(data.results, [&](const PolicyResult& result) {
      return result.behavior == of.behavior && result.method == of.method && result.policy == policy &&
             result.variant == "BASE";
    });
  }

  static inline test::TemporaryFolder* made = nullptr;
  test::TemporaryFolder own;
  fs::path folder;
};

double share(const BehaviorReport& behavior, const auto& holds) {
  double count = 0;
  double all = 0;
  for (std::size_t i = 0; i < behavior.parts.size(); ++i) {
    if (behavior.parts[i] != SplitPart::test) continue;
    ++all;
    if (holds(i)) ++count;
  }
  return count / all;
}

TEST_F(GatherReport, TellsWhatTheStudyMeasured) {
  const auto data = gather_report(folder);
  EXPECT_EQ(data.title, "study");
  EXPECT_EQ(gather_report(folder / "").title, "study");
  EXPECT_EQ(data.settings.run.at("model file"), "tiny-llama.gguf");
  EXPECT_EQ(data.model_layers, 4U);
  EXPECT_THAT(data.layers, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(data.multipliers, SizeIs(7));
  EXPECT_THAT(data.methods, ElementsAre("l2s", "caa")) << "the oracle is there for l2s alone";
  ASSERT_THAT(data.behaviors, SizeIs(2));
  EXPECT_EQ(data.behaviors[0].name, "expensive");
  EXPECT_THAT(data.behaviors[0].ids, SizeIs(30));
  EXPECT_EQ(data.behaviors[1].name, "warm");
  EXPECT_THAT(data.behaviors[1].ids, SizeIs(40));
  EXPECT_EQ(data.results.size(), results_from_json(read_file(folder / "results.json")).size());
  ASSERT_TRUE(data.encoders.has_value());
  for (const auto& behavior : data.behaviors) {
    EXPECT_TRUE(behavior.noise.has_value());
    EXPECT_THAT(behavior.times, Not(IsEmpty()));
    ASSERT_EQ(behavior.prompts.size(), behavior.ids.size());
    EXPECT_THAT(behavior.prompts.front().before, HasSubstr(behavior.name + "?"));
    ASSERT_THAT(behavior.methods, SizeIs(2));
    EXPECT_EQ(behavior.methods[0].fixed_layer_method, "oracle");
    EXPECT_TRUE(behavior.methods[0].agreement.has_value());
    for (const auto& method : behavior.methods) {
      EXPECT_EQ(method.encoder, "first-mean");
      EXPECT_TRUE(method.choices.contains(method.default_policy)) << method.default_policy;
      EXPECT_THAT(method.predictors, SizeIs(3));
      EXPECT_THAT(method.propensity, SizeIs(behavior.ids.size()));
      EXPECT_THAT(method.choices, SizeIs(3));
    }
  }
}

TEST_F(GatherReport, AgreesWithTheEvaluation) {
  const auto data = gather_report(folder);
  for (const auto& behavior : data.behaviors) {
    for (const auto& method : behavior.methods) {
      for (const auto& [policy, choices] : method.choices) {
        const auto& result = row(data, method.analysis, policy);
        const auto slope = [&](std::size_t sample, std::size_t layer) {
          return steerability(data.multipliers, method.propensity[sample].layer(layer));
        };
        EXPECT_DOUBLE_EQ(share(behavior, [&](std::size_t i) { return choices[i] == method.best[i]; }),
                         result.accuracy.value());
        EXPECT_DOUBLE_EQ(share(behavior, [&](std::size_t i) { return slope(i, choices[i]) > 0; }),
                         result.proportion_steerable);
      }
      std::vector<std::size_t> best_count(data.layers.size());
      for (std::size_t i = 0; i < behavior.parts.size(); ++i)
        if (behavior.parts[i] == SplitPart::test) ++best_count[method.best[i]];
      EXPECT_EQ(best_count, method.analysis.best_count);
      EXPECT_EQ(row(data, method.analysis, "fixed").layer, method.analysis.fixed_layer);
    }
  }
}

TEST_F(GatherReport, HasTheProbabilitiesOfTheDefaultPolicysChoices) {
  const auto data = gather_report(folder);
  for (const auto& behavior : data.behaviors) {
    for (const auto& method : behavior.methods) {
      const auto shown = std::ranges::find(method.predictors, method.default_policy, &PredictorReport::policy);
      const auto layers = shown->layers.size();
      ASSERT_EQ(method.probabilities.size(), behavior.ids.size() * layers);
      for (std::size_t i = 0; i < behavior.ids.size(); ++i) {
        const auto probabilities = std::span(method.probabilities).subspan(i * layers, layers);
        const auto likeliest = std::ranges::max_element(probabilities) - probabilities.begin();
        EXPECT_EQ(shown->layers[static_cast<std::size_t>(likeliest)], method.choices.at(method.default_policy)[i]);
      }
    }
  }
}

// Answers its first layer to every prompt.
LayerPredictor stubborn(const LayerPredictor& predictor) {
  auto parts = predictor.parts();
  auto& last = parts.network.back();
  std::ranges::fill(last.weight, 0.0F);
  std::ranges::fill(last.bias, 0.0F);
  last.bias.front() = 1;
  return LayerPredictor(parts);
}

TEST_F(GatherReport, ShowsWhatTheFirstSeedsPredictorsChoose) {
  const auto before = gather_report(folder);
  const auto path = behavior_folders(folder).front().predictor("caa");
  auto predictors = read_predictors(path);
  for (auto& [policy, fitted] : predictors.by_policy) fitted.by_seed.push_back(stubborn(fitted.by_seed.front()));
  write_predictors(path, predictors);
  const auto after = gather_report(folder);
  const auto& shown = after.behaviors.front().methods.at(1);
  EXPECT_EQ(shown.predictors.front().seeds, 2U);
  EXPECT_EQ(shown.choices, before.behaviors.front().methods.at(1).choices);
  EXPECT_EQ(shown.probabilities, before.behaviors.front().methods.at(1).probabilities);

  for (auto& [policy, fitted] : predictors.by_policy) std::ranges::reverse(fitted.by_seed);
  write_predictors(path, predictors);
  EXPECT_NE(gather_report(folder).behaviors.front().methods.at(1).choices, shown.choices);
}

TEST_F(GatherReport, TakesAFolderThatAnOlderVersionMade) {
  for (const auto& behavior : behavior_folders(folder)) {
    fs::remove(behavior.prompts());
    fs::remove(behavior.times());
    for (const char* method : {"", "caa", "oracle"}) {
      auto predictors = read_predictors(behavior.predictor(method));
      for (auto& [policy, fitted] : predictors.by_policy) fitted.curves.clear();
      write_predictors(behavior.predictor(method), predictors);
    }
  }
  fs::remove(encoder_comparison_path(folder));
  std::vector<std::string> warnings;
  Job job;
  job.on_warning = [&](std::string_view line) { warnings.emplace_back(line); };
  const auto data = gather_report(folder, job);
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("expensive, warm"), HasSubstr("`w2s run`"))));
  EXPECT_FALSE(data.encoders.has_value());
  EXPECT_THAT(data.behaviors.front().prompts, IsEmpty());
  EXPECT_THAT(data.behaviors.front().times, IsEmpty());
  EXPECT_THAT(data.behaviors.front().methods.front().predictors.front().curves, IsEmpty());
  EXPECT_THAT(test::scripts_of(render_report(data, test::bare_page)), SizeIs(1 + 2 + 2 * 2));
}

TEST_F(GatherReport, RefusesAFolderThatIsNoStudys) {
  folder = own / "nothing";
  EXPECT_THAT(refusal(), HasSubstr("no such results folder"));
  fs::create_directory(folder);
  EXPECT_THAT(refusal(), HasSubstr("is not a results folder"));
}

TEST_F(GatherReport, NamesTheStudiesOfAnExperiment) {
  const auto study = folder;
  folder = own / "experiment";
  fs::create_directories(folder / "Tiny");
  write_file(folder / "experiment.json", "{}");
  EXPECT_THAT(refusal(), HasSubstr("without a study"));
  fs::copy(study, folder / "Tiny/seed-0", fs::copy_options::recursive);
  fs::copy(study, folder / "Tiny/seed-1", fs::copy_options::recursive);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("Tiny/seed-0, Tiny/seed-1"),
                               HasSubstr("`w2s report " + (folder / "Tiny/seed-0").string() + "`")));
}

TEST_F(GatherReport, SaysHowToFinishWhatIsMissing) {
  const auto results = read_file(folder / "results.json");
  fs::remove(folder / "results.json");
  EXPECT_THAT(refusal(), HasSubstr("`w2s eval " + folder.string() + "`"));
  write_file(folder / "results.json", "{\"results\": [{}]}");
  EXPECT_THAT(refusal(), AllOf(HasSubstr("results.json"), HasSubstr("row 1")));
  write_file(folder / "results.json", results);

  const auto behavior = behavior_folders(folder).front();
  const auto predictors = read_predictors(behavior.predictor());
  auto fitted_again = predictors;
  fitted_again.fixed_layer = predictors.fixed_layer == 0 ? 1 : 0;
  write_predictors(behavior.predictor(), fitted_again);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("expensive (l2s)"), HasSubstr("`w2s eval " + folder.string() + "`")));
  fs::remove(behavior.predictor());
  EXPECT_THAT(refusal(), HasSubstr("`w2s fit`"));
  write_predictors(behavior.predictor(), predictors);

  fs::rename(folder / "settings.json", folder / "set-aside.json");
  EXPECT_THAT(refusal(), HasSubstr("settings.json"));
  fs::rename(folder / "set-aside.json", folder / "settings.json");

  write_file(behavior.prompts(), read_file(behavior_folders(folder).back().prompts()));
  EXPECT_THAT(refusal(), HasSubstr("prompts.jsonl"));
  fs::remove(behavior.prompts());
  static_cast<void>(gather_report(folder));

  const auto path = behavior.sweep();
  const auto header = SweepStore::read(path).header();
  const auto record = SweepStore::read(path).records().front();
  fs::remove(path);
  SweepStore::open(path, header).add(record);
  EXPECT_THAT(refusal(), HasSubstr("1 of 30 samples"));
}

TEST_F(GatherReport, StopsWhenItIsAskedTo) {
  std::stop_source source;
  Job job;
  job.stop = source.get_token();
  job.on_progress = [&](const Progress&) { source.request_stop(); };
  static_cast<void>(message_of(ErrorKind::interrupted, [&] { static_cast<void>(gather_report(folder, job)); }));
}

TEST_F(GatherReport, FindsWhatThePapersTablesTake) {
  const auto findings = findings_of_study(folder);
  EXPECT_EQ(findings.model, "tiny-llama");
  EXPECT_EQ(findings.seed, 0U);
  EXPECT_EQ(findings.analyses.size(), 6U) << "of two behaviours, and the oracle's as well";
  EXPECT_THAT(findings.spaces, Not(IsEmpty()));
  EXPECT_THAT(findings.encoders, Not(IsEmpty()));
  std::vector<std::string> ids;
  for (const auto& table : paper_tables(std::vector{findings})) ids.push_back(table.id);
  EXPECT_THAT(ids, testing::IsSupersetOf({"figure1", "supp-figure9-points", "supp-figures14-15"}));
}

TEST_F(GatherReport, BecomesAPageOrSaysHowToGetOne) {
  if (!report_page_template().empty()) {
    EXPECT_EQ(test::summary_of(make_report(folder)).at("title"), "study");
    return;
  }
  EXPECT_THAT(message_of(ErrorKind::usage, [&] { static_cast<void>(make_report(folder)); }),
              AllOf(HasSubstr("Node.js 20.19"), HasSubstr("-DW2S_WEB=ON")));
}

}  // namespace
}  // namespace w2s::report
