#include "w2s/study.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <stop_token>

#include "support/error_of.h"
#include "support/study_settings.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/decoding.h"

namespace w2s {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr double noise_floor = 1e-4;

// A finished study of caa and l2s, made once.
class MultiLayerEvaluation : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder = std::make_unique<test::TemporaryFolder>();
    test::write_tiny_model(*folder / "model.gguf", test::tiny_llama());
    write_file(*folder / "warm.jsonl", test::preference_pairs(30));
    auto study = test::tiny_study(*folder / "model.gguf", *folder / "warm.jsonl");
    study.methods = {"caa", "l2s"};
    study.fit.encoder = parse_encoder_choice("first-mean");
    study.fit.predictor.seeds = 2;
    swept = run_study(study, *folder / "results").results;
    outcome = evaluate_multi_layer(*folder / "results", settings(ExecutorChoice::rows));
    by_minimal = evaluate_multi_layer(*folder / "results", settings(ExecutorChoice::minimal));
  }
  static void TearDownTestSuite() { folder.reset(); }

  static MultiLayerSettings settings(ExecutorChoice executor = ExecutorChoice::rows) {
    MultiLayerSettings settings;
    settings.model = *folder / "model.gguf";
    settings.data = {(*folder / "warm.jsonl").string()};
    settings.layer_counts = {2, 3};
    settings.decoder.threads = 1;
    settings.executor = executor;
    settings.evaluation.bootstrap_draws = 100;
    return settings;
  }

  static std::string refusal(ErrorKind kind, const MultiLayerSettings& asked) {
    return test::message_of(kind, [&] { static_cast<void>(evaluate_multi_layer(*folder / "results", asked)); });
  }

  static const MultiLayerResult& find(const std::string& method, const std::string& policy,
                                      const MultiLayerOutcome& in = outcome) {
    const auto found = std::ranges::find_if(in.results, [&](const MultiLayerResult& row) {
      return row.result.method == method && row.result.policy == policy;
    });
    if (found == in.results.end()) throw std::out_of_range(policy);
    return *found;
  }
  static const PolicyResult& find_swept(const std::string& method, const std::string& policy) {
    const auto found = std::ranges::find_if(
        swept, [&](const PolicyResult& row) { return row.method == method && row.policy == policy; });
    if (found == swept.end()) throw std::out_of_range(policy);
    return *found;
  }

  static std::unique_ptr<test::TemporaryFolder> folder;
  static std::vector<PolicyResult> swept;
  static MultiLayerOutcome outcome;     // by rows
  static MultiLayerOutcome by_minimal;  // the same
};

std::unique_ptr<test::TemporaryFolder> MultiLayerEvaluation::folder;
std::vector<PolicyResult> MultiLayerEvaluation::swept;
MultiLayerOutcome MultiLayerEvaluation::outcome;
MultiLayerOutcome MultiLayerEvaluation::by_minimal;

// The two most likely layers with what each gets of the multiplier, by hand.
std::vector<std::pair<std::size_t, float>> two_most_likely(const LayerPredictor& predictor,
                                                           std::span<const float> embedding) {
  const auto probabilities = predictor.probabilities(embedding);
  std::size_t first = 0;
  for (std::size_t i = 1; i < probabilities.size(); ++i)
    if (probabilities[i] > probabilities[first]) first = i;
  std::optional<std::size_t> second;
  for (std::size_t i = 0; i < probabilities.size(); ++i)
    if (i != first && (!second || probabilities[i] > probabilities[*second])) second = i;
  if (!second) return {{predictor.layers()[first], 1.0F}};
  const float sum = probabilities[first] + probabilities[*second];
  return {{predictor.layers()[first], probabilities[first] / sum},
          {predictor.layers()[*second], probabilities[*second] / sum}};
}

// The slope over the default multipliers, the whole prompt decoded again for each of them.
double slope(Decoder& decoder, const TokenizedSample& sample, const VectorSource& source,
             const std::vector<std::pair<std::size_t, float>>& shares) {
  const auto input = read_prompt(decoder, sample, source.needs());
  std::vector<float> propensity;
  for (const float multiplier : default_multipliers) {
    Batch batch;
    batch.scored = {sample.chosen, sample.rejected};
    for (std::size_t i = 0; i < sample.prompt.size(); ++i)
      batch.rows.push_back({.token = sample.prompt[i], .position = static_cast<std::int32_t>(i)});
    batch.rows.back().wants_logits = true;
    std::vector<std::vector<float>> vectors;
    for (const auto& [layer, share] : shares) vectors.push_back(source.vector(layer, input));
    for (std::size_t i = 0; i < shares.size(); ++i) {
      batch.edits.push_back(
          {.row = batch.rows.size() - 1,
           .steering = {.layer = shares[i].first, .scale = multiplier * shares[i].second, .direction = vectors[i]}});
    }
    decoder.clear();
    const auto decoded = decoder.decode(batch);
    propensity.push_back(decoded.logits[0] - decoded.logits[1]);
  }
  return steerability(default_multipliers, propensity);
}

TEST_F(MultiLayerEvaluation, AtOneLayerAgreesWithTheSweep) {
  for (const auto* measured : {&outcome, &by_minimal}) {
    for (const char* method : {"caa", "l2s"}) {
      for (const std::string policy : {"fixed", "auto"}) {
        const auto& here = find(method, policy, *measured).result;
        const auto& there = find_swept(method, policy == "auto" ? "w2s-top1" : policy);
        EXPECT_NEAR(here.steerability, there.steerability, noise_floor) << method << " " << policy;
        EXPECT_EQ(here.proportion_steerable, there.proportion_steerable);
        EXPECT_EQ(here.samples, there.samples);
        EXPECT_EQ(here.layer, there.layer);
      }
    }
    ASSERT_EQ(measured->difference_from_sweep.size(), 1U);
    EXPECT_EQ(measured->difference_from_sweep[0].first, "warm");
    EXPECT_LT(measured->difference_from_sweep[0].second, noise_floor);
  }
}

TEST_F(MultiLayerEvaluation, AgreesWhateverExecutorMeasures) {
  ASSERT_EQ(by_minimal.results.size(), outcome.results.size());
  for (std::size_t i = 0; i < outcome.results.size(); ++i) {
    EXPECT_EQ(by_minimal.results[i].result.policy, outcome.results[i].result.policy);
    EXPECT_NEAR(by_minimal.results[i].result.steerability, outcome.results[i].result.steerability, noise_floor);
    EXPECT_EQ(by_minimal.results[i].largest_share, outcome.results[i].largest_share);
  }
}

TEST_F(MultiLayerEvaluation, MeasuresAsTheStudyDid) {
  const auto steerabilities = [](const MultiLayerOutcome& measured) {
    std::vector<double> values;
    for (const auto& row : measured.results) values.push_back(row.result.steerability);
    return values;
  };
  const auto results = *folder / "results";
  EXPECT_EQ(steerabilities(evaluate_multi_layer(results, settings(ExecutorChoice::automatic))),
            steerabilities(by_minimal));

  const auto by_rows = *folder / "by rows";
  std::filesystem::copy(results, by_rows, std::filesystem::copy_options::recursive);
  auto recorded = read_file(by_rows / "settings.json");
  const std::string minimal = R"("minimal")";
  recorded.replace(recorded.find(minimal), minimal.size(), R"("rows")");
  write_file(by_rows / "settings.json", recorded);
  EXPECT_EQ(steerabilities(evaluate_multi_layer(by_rows, settings(ExecutorChoice::automatic))),
            steerabilities(outcome));
}

TEST_F(MultiLayerEvaluation, SharesTheMultiplierInProportionToTheProbabilities) {
  const auto model = Model::load(*folder / "model.gguf");
  Decoder decoder(model, {.context = 512, .sequences = 2, .threads = 1});
  const auto behavior = read_behaviors((*folder / "warm.jsonl").string()).front();
  const BehaviorFolder own{*folder / "results" / "warm"};
  const auto store = SweepStore::read(own.sweep());
  const auto encoder = std::ranges::find(store.header().encoders, "first-mean",
                                         [](const PromptEncoder& each) { return to_string(each); }) -
                       store.header().encoders.begin();
  for (const std::string method : {"caa", "l2s"}) {
    const auto file_name = method == "caa" ? "" : method;
    const auto source = read_vector_source(own.vectors(file_name));
    const auto file = read_predictors(own.predictor(file_name));
    std::vector<double> slopes;
    double shares_sum = 0;
    for (const auto& record : store.records()) {
      if (record.part != SplitPart::test) continue;
      const auto sample = tokenize_sample(model, behavior, behavior.samples[record.key.sample]);
      for (const auto& predictor : file.by_policy.at(file.default_policy).by_seed) {
        const auto shares = two_most_likely(predictor, record.encodings[static_cast<std::size_t>(encoder)]);
        slopes.push_back(slope(decoder, sample, *source, shares));
        shares_sum += static_cast<double>(shares.front().second);
      }
    }
    const auto count = static_cast<double>(slopes.size());
    for (const auto* measured : {&outcome, &by_minimal}) {
      const auto& row = find(method, "auto:2", *measured);
      EXPECT_NEAR(row.result.steerability, std::accumulate(slopes.begin(), slopes.end(), 0.0) / count, noise_floor);
      EXPECT_NEAR(row.largest_share, shares_sum / count, 1e-6);
      EXPECT_LT(row.largest_share, 1) << "one layer has everything: the test sees nothing of the second";
    }
  }
}

TEST_F(MultiLayerEvaluation, ComparesEachPolicyWithTheSameOneAtOneLayer) {
  const auto& one = find("caa", "auto");
  const auto& three = find("caa", "auto:3");
  const auto& fixed = find("caa", "fixed");
  EXPECT_EQ(one.predictor, "w2s-top1");
  EXPECT_EQ(fixed.predictor, "");
  EXPECT_FALSE(one.gain_over_single.has_value());
  EXPECT_FALSE(fixed.result.gain_over_fixed.has_value());
  ASSERT_TRUE(three.gain_over_single.has_value());
  EXPECT_NEAR(three.gain_over_single->mean, three.result.steerability - one.result.steerability, 1e-12);
  EXPECT_NEAR(three.result.gain_over_fixed->mean, three.result.steerability - fixed.result.steerability, 1e-12);
  EXPECT_LE(three.gain_over_single->low, three.gain_over_single->mean);
  EXPECT_GE(three.gain_over_single->high, three.gain_over_single->mean);
  const auto& best = find("caa", "fixed-best3");
  EXPECT_NEAR(best.gain_over_single->mean, best.result.steerability - fixed.result.steerability, 1e-12);
  EXPECT_NEAR(best.largest_share, 1.0 / 3, 1e-6);
  EXPECT_EQ(best.layers, 3U);
}

TEST_F(MultiLayerEvaluation, LeavesOutVectorsThatNeedTheAnswers) {
  std::vector<std::string> methods;
  for (const auto& row : outcome.results)
    if (row.result.policy == "fixed") methods.push_back(row.result.method);
  EXPECT_THAT(methods, ElementsAre("caa", "l2s"));
}

TEST_F(MultiLayerEvaluation, GivesTheSameNumbersOnMoreThreads) {
  for (const auto& [executor, expected] :
       {std::pair(ExecutorChoice::rows, &outcome), std::pair(ExecutorChoice::minimal, &by_minimal)}) {
    auto more = settings(executor);
    more.decoder.threads = 2;
    const auto again = evaluate_multi_layer(*folder / "results", more);
    ASSERT_EQ(again.results.size(), expected->results.size());
    for (std::size_t i = 0; i < again.results.size(); ++i)
      EXPECT_EQ(again.results[i].result.steerability, expected->results[i].result.steerability);
  }
}

TEST_F(MultiLayerEvaluation, RefusesWhatIsNotTheStudys) {
  auto other = settings();
  other.layer_counts = {0};
  EXPECT_THAT(refusal(ErrorKind::usage, other), HasSubstr("0 layers"));

  other = settings();
  other.model = *folder / "other.gguf";
  auto shape = test::tiny_llama();
  shape.seed += 1;
  test::write_tiny_model(other.model, shape);
  EXPECT_THAT(refusal(ErrorKind::results, other), HasSubstr("another model"));

  other = settings();
  other.model_options.chat_template = "{{ messages[0].content }}";
  EXPECT_THAT(refusal(ErrorKind::results, other), HasSubstr("another chat template"));

  other = settings();
  std::filesystem::create_directories(*folder / "fewer");
  write_file(*folder / "fewer" / "warm.jsonl", test::preference_pairs(29));
  other.data = {(*folder / "fewer" / "warm.jsonl").string()};
  EXPECT_THAT(refusal(ErrorKind::results, other), HasSubstr("not those"));
}

TEST_F(MultiLayerEvaluation, EndsWhenItIsStopped) {
  std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  std::size_t reports = 0;
  job.on_progress = [&](const Progress&) {
    if (++reports == 2) stop.request_stop();
  };
  const auto run = [&] { static_cast<void>(evaluate_multi_layer(*folder / "results", settings(), job)); };
  EXPECT_EQ(test::error_of(run).kind(), ErrorKind::interrupted);
}

}  // namespace
}  // namespace w2s
