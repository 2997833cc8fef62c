#include <gmock/gmock.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <limits>
#include <string>

#include "support/error_of.h"
#include "support/temporary_folder.h"
#include "vectors/synthetic_representations.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using test::random_representations;
using test::SetShape;
using test::training_of;
using testing::Each;
using testing::ElementsAre;
using testing::Gt;
using testing::HasSubstr;

constexpr std::size_t layers = 3;
constexpr std::size_t width = 8;
const SetShape shape = {.samples = 150, .layers = layers, .width = width, .prompt_layers = {1}};
const MethodOptions quick = {.learning_rates = {3e-3, 1e-2}, .hidden_width = 20, .max_epochs = 60, .threads = 1};

// Adds to every layer's differences a nonlinear odd function of the prompt at the prompt layer number `index`.
void add_what_the_prompt_says(RepresentationSet& set, std::size_t index, float factor) {
  for (std::size_t sample = 0; sample < set.samples; ++sample) {
    const auto prompt = set.prompt(sample, index);
    for (std::size_t i = 0; i < set.layers * set.width; ++i)
      set.differences[sample * set.layers * set.width + i] += factor * std::tanh(2 * prompt[i % 3]);
  }
}

struct Problem {
  SetShape set_shape = shape;
  std::size_t informative = 0;  // number of the prompt layer
  float on_training = 3;        // how much what the prompt says counts
  float on_validation = 3;
};

MethodTraining make(const Problem& problem) {
  auto train = random_representations(problem.set_shape, 1);
  add_what_the_prompt_says(train, problem.informative, problem.on_training);
  auto held_out = problem.set_shape;
  held_out.samples = 40;
  auto validation = random_representations(held_out, 2);
  add_what_the_prompt_says(validation, problem.informative, problem.on_validation);
  return training_of(std::move(train), std::move(validation));
}

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& options = quick,
                                  const Job& job = {}) {
  return fit_method(steering_method("l2s"), training, options, job);
}

// A problem on whose validation samples everything learnt is wrong.
MethodTraining misleading() { return make({.on_training = 3, .on_validation = -3}); }

std::vector<double> by_layer(const VectorSource& source, const std::string& key) {
  return std::get<std::vector<double>>(source.to_file().metadata.at(key));
}

std::vector<float> weights_of(const VectorSource& source) {
  std::vector<float> weights;
  for (const auto& [name, tensor] : source.to_file().tensors)
    weights.insert(weights.end(), tensor.values.begin(), tensor.values.end());
  return weights;
}

void expect_the_mean(const VectorSource& source, const MethodTraining& training) {
  const auto mean = mean_difference(training.train);
  for (std::size_t sample = 0; sample < training.validation.samples; ++sample) {
    const auto input = training.validation.input(sample);
    std::vector<float> all;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto vector = source.vector(layer, input);
      all.insert(all.end(), vector.begin(), vector.end());
    }
    ASSERT_EQ(all, mean);
  }
}

TEST(L2s, LearnsWhatTheMeanDifferenceCannotFollow) {
  const auto source = fit(make({}));
  ASSERT_EQ(source->info().validation.size(), layers);
  for (const auto& agreement : source->info().validation) {
    EXPECT_LT(agreement.error, 0.7 * agreement.mean_error);
    EXPECT_GT(agreement.cosine, agreement.mean_cosine + 0.1);
  }
  EXPECT_THAT(by_layer(*source, "w2s.l2s.learning_rate"), Each(Gt(0)));
  EXPECT_THAT(source->needs().last, ElementsAre(1));
  EXPECT_FALSE(source->needs().answers);
  EXPECT_EQ(source->info().notes.at("context layer"), "1");
  EXPECT_EQ(source->info().notes.at("hidden width"), "20");
  EXPECT_EQ(source->info().notes.at("layers better than the mean difference"), "3 of 3");
}

TEST(L2s, IsTheMeanDifferenceExactlyWhereLearningMakesItWorse) {
  const auto training = misleading();
  const auto source = fit(training);
  expect_the_mean(*source, training);
  EXPECT_THAT(by_layer(*source, "w2s.l2s.learning_rate"), Each(0));
  EXPECT_EQ(by_layer(*source, "w2s.l2s.error"), by_layer(*source, "w2s.l2s.mean_error"));
  EXPECT_EQ(source->info().notes.at("layers better than the mean difference"), "0 of 3");
}

TEST(L2s, IsTheMeanDifferenceWhereTrainingDiverges) {
  const auto training = make({});
  auto options = quick;
  options.learning_rates = {1e38};
  expect_the_mean(*fit(training, options), training);
}

TEST(L2s, PrefersALearningRateThatConverges) {
  auto options = quick;
  options.learning_rates = {1e38, 1e-2, 1e-7};
  const auto source = fit(make({}), options);
  EXPECT_THAT(by_layer(*source, "w2s.l2s.learning_rate"), Each(testing::DoubleNear(1e-2, 1e-8)));
  EXPECT_THAT(source->info().notes.at("layers by learning rate"), testing::HasSubstr("0.01: 3"));
}

// Vectors wider than the samples are many lie in a subspace in which the networks learn; also the way back is tested.
TEST(L2s, RecordsTheErrorThatItsVectorsHaveInTheModel) {
  for (const std::size_t samples : {20U, 150U}) {
    auto wide = shape;
    wide.samples = samples;
    wide.width = 60;
    auto training = make({.set_shape = wide});
    for (auto* set : {&training.train, &training.validation})  // as the residual streams of real models are
      for (std::size_t sample = 0; sample < set->samples; ++sample) set->prompts[sample * set->width + 4] += 100;
    const auto source = fit(training);
    const auto recorded = by_layer(*source, "w2s.l2s.error");
    const auto recorded_mean = by_layer(*source, "w2s.l2s.mean_error");
    EXPECT_THAT(by_layer(*source, "w2s.l2s.learning_rate"), testing::Contains(Gt(0))) << samples;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const auto& measured = source->info().validation[layer];
      EXPECT_NEAR(recorded[layer], measured.error, 1e-5 * measured.error) << samples;
      EXPECT_NEAR(recorded_mean[layer], measured.mean_error, 1e-5 * measured.mean_error) << samples;
    }
  }
}

TEST(L2s, LooksAtTheContextLayerThatSaysMost) {
  auto several = shape;
  several.prompt_layers = {2, 0, 1};
  for (std::size_t informative = 0; informative < 3; ++informative) {
    const auto source = fit(make({.set_shape = several, .informative = informative}));
    EXPECT_THAT(source->needs().last, ElementsAre(several.prompt_layers[informative]));
    EXPECT_THAT(source->info().notes.at("context layers' errors relative to the mean difference's"),
                testing::MatchesRegex("2: [01]\\.[0-9]+, 0: [01]\\.[0-9]+, 1: [01]\\.[0-9]+"));
  }
}

TEST(L2s, DoesNotChangeANetworkWithTheCandidatesForTheContextLayer) {
  auto several = shape;
  several.prompt_layers = {1, 2};
  auto training = make({.set_shape = several});
  const auto chosen = fit(training);
  for (auto* set : {&training.train, &training.validation}) {
    std::vector<float> prompts;
    for (std::size_t sample = 0; sample < set->samples; ++sample) {
      const auto row = set->prompt(sample, 0);
      prompts.insert(prompts.end(), row.begin(), row.end());
    }
    set->prompt_layers = {1};
    set->prompts = prompts;
  }
  EXPECT_EQ(weights_of(*fit(training)), weights_of(*chosen));
}

TEST(L2s, DoesNotDependOnTheNumberOfThreads) {
  const auto training = make({});
  auto options = quick;
  const auto one = weights_of(*fit(training, options));
  options.threads = 3;
  EXPECT_EQ(weights_of(*fit(training, options)), one);
}

TEST(L2s, DependsOnTheSeed) {
  const auto training = make({});
  auto options = quick;
  options.seed = 1;
  EXPECT_NE(weights_of(*fit(training, options)), weights_of(*fit(training)));
}

TEST(L2s, CanLearnFromOneSample) {
  auto one = shape;
  one.samples = 1;
  const auto training = make({.set_shape = one});
  expect_the_mean(*fit(training), training);
}

// What a fit reports.
struct Report {
  std::vector<std::string> stages = {};   // in the order of their beginning
  std::vector<std::size_t> resumed = {};  // at each stage's beginning
  std::size_t trained = 0;

  // One that writes into this.
  [[nodiscard]] Job job() {
    Job job;
    job.on_progress = [this](const Progress& progress) {
      if (stages.empty() || stages.back() != progress.stage) {
        stages.emplace_back(progress.stage);
        resumed.push_back(progress.resumed);
        return;
      }
      EXPECT_EQ(progress.unit, "networks");
      ++trained;
    };
    return job;
  }
};

TEST(L2s, ReportsEachNetwork) {
  auto several = shape;
  several.prompt_layers = {0, 2};
  Report report;
  static_cast<void>(fit(make({.set_shape = several}), quick, report.job()));
  // Of three layers, which default_context_layers has all, both context layers' networks decide; none is left to train.
  EXPECT_THAT(report.stages, ElementsAre("l2s context layer", "l2s"));
  EXPECT_THAT(report.resumed, ElementsAre(0, layers * 2));
  EXPECT_EQ(report.trained, 2 * layers * 2);
}

TEST(L2s, CanBeStopped) {
  const std::stop_source stop;
  stop.request_stop();
  Job job;
  job.stop = stop.get_token();
  EXPECT_EQ(test::error_of([&] { static_cast<void>(fit(make({}), quick, job)); }).kind(), ErrorKind::interrupted);
}

TEST(L2s, GoesOnWhereItWasInterrupted) {
  const auto training = make({});
  const auto whole = fit(training);
  const test::TemporaryFolder folder;
  auto options = quick;
  options.work_folder = folder / "l2s";

  const std::stop_source stop;
  Job job;
  job.stop = stop.get_token();
  job.on_progress = [&](const Progress& progress) {
    if (progress.done >= 2) stop.request_stop();
  };
  try {
    static_cast<void>(fit(training, options, job));
  } catch (const Error& error) {  // unless the networks were trained faster than this thread woke up
    EXPECT_EQ(error.kind(), ErrorKind::interrupted);
  }
  Report second;
  EXPECT_EQ(weights_of(*fit(training, options, second.job())), weights_of(*whole));
  EXPECT_GE(second.resumed.front(), 2U);
  EXPECT_EQ(second.trained, layers * 2 - second.resumed.front());

  std::filesystem::remove(options.work_folder / "l2s-1-1.gguf");
  Report third;
  const auto again = fit(training, options, third.job());
  EXPECT_EQ(third.trained, 2U);
  EXPECT_EQ(weights_of(*again), weights_of(*whole));
  EXPECT_EQ(again->to_file().metadata, whole->to_file().metadata);
  EXPECT_EQ(again->info().notes, whole->info().notes);
}

TEST(L2s, TrainsAgainWhatIsDamagedOrNotItsOwn) {
  const auto training = make({});
  const auto whole = weights_of(*fit(training));
  const test::TemporaryFolder folder;
  auto options = quick;
  options.work_folder = folder.path();
  options.seed = 5;
  static_cast<void>(fit(training, options));  // another seed's
  options.seed = quick.seed;
  std::filesystem::resize_file(folder / "l2s-1-0.gguf", 1000);
  std::ofstream(folder / "l2s-1-1.gguf") << "something else";
  Report report;
  EXPECT_EQ(weights_of(*fit(training, options, report.job())), whole);
  EXPECT_EQ(report.trained, layers * 2);
}

TEST(L2s, TrainsAgainForOtherSamples) {
  const test::TemporaryFolder folder;
  auto options = quick;
  options.work_folder = folder.path();
  auto training = make({});
  static_cast<void>(fit(training, options));
  for (auto* numbers : {&training.train.differences, &training.train.prompts, &training.validation.prompts}) {
    numbers->front() += 1;
    Report report;
    static_cast<void>(fit(training, options, report.job()));
    EXPECT_EQ(report.trained, layers * 2);
  }
}

TEST(L2s, IsReadAsItWasWritten) {
  const test::TemporaryFolder folder;
  const auto path = folder / "l2s.gguf";
  for (const std::size_t count : {layers, std::size_t{1}}) {  // files do not keep a leading dimension of 1
    auto some = shape;
    some.layers = count;
    some.prompt_layers = {0};
    auto options = quick;
    options.hidden_width = count;
    const auto training = make({.set_shape = some});
    const auto written = fit(training, options);
    write_vector_source(path, *written);
    const auto read = read_vector_source(path);
    EXPECT_EQ(read->info().method, "l2s");
    EXPECT_EQ(read->info().notes, written->info().notes);
    EXPECT_EQ(read->needs().last, written->needs().last);
    EXPECT_EQ(read->to_file().metadata, written->to_file().metadata);
    for (std::size_t sample = 0; sample < training.validation.samples; ++sample) {
      const auto input = training.validation.input(sample);
      for (std::size_t layer = 0; layer < count; ++layer)
        EXPECT_EQ(read->vector(layer, input), written->vector(layer, input));
    }
  }
}

TEST(L2s, RefusesOptionsOutOfRange) {
  const auto training = make({});
  const auto refusal = [&](const std::function<void(MethodOptions&)>& change) {
    auto options = quick;
    change(options);
    return test::message_of(ErrorKind::usage, [&] { static_cast<void>(fit(training, options)); });
  };
  EXPECT_THAT(refusal([](auto& options) { options.learning_rates = {}; }), HasSubstr("at least one learning rate"));
  EXPECT_THAT(refusal([](auto& options) { options.learning_rates = {1e-3, 0}; }), HasSubstr("learning rate 0"));
  EXPECT_THAT(refusal([](auto& options) { options.learning_rates = {std::nan("")}; }), HasSubstr("learning rate nan"));
  EXPECT_THAT(refusal([](auto& options) { options.hidden_width = 0; }), HasSubstr("hidden width 0"));
  EXPECT_THAT(refusal([](auto& options) { options.hidden_width = 65537; }), HasSubstr("hidden width 65537"));
  EXPECT_THAT(refusal([](auto& options) { options.max_epochs = 0; }), HasSubstr("at least 1 epoch"));
}

TEST(L2s, RefusesContextLayersThatItCannotSee) {
  const auto refusal = [](const std::function<void(MethodTraining&)>& change) {
    auto training = make({});
    change(training);
    return test::message_of(ErrorKind::usage, [&] { static_cast<void>(fit(training)); });
  };
  EXPECT_THAT(refusal([](auto& training) { training.train.prompt_layers = {3}; }),
              HasSubstr("context layer 3 is out of range: the model has 3 layers"));
  EXPECT_THAT(refusal([](auto& training) { training.train.prompt_layers = {}; }), HasSubstr("one of the model's 3"));
  EXPECT_THAT(refusal([](auto& training) { training.validation.prompt_layers = {0}; }),
              HasSubstr("context layer 1 (of 3 layers) were not read"));
  EXPECT_THAT(refusal([](auto& training) { training.train.prompts.clear(); }),
              HasSubstr("context layer 1 (of 3 layers) were not read"));
}

TEST(L2s, RefusesSamplesItCannotLearnFrom) {
  auto training = make({});
  training.train.differences[5] = std::numeric_limits<float>::quiet_NaN();
  const auto message = test::message_of(ErrorKind::vectors, [&] { static_cast<void>(fit(training)); });
  EXPECT_THAT(message, HasSubstr("training samples: their representations contain NaN"));
  EXPECT_THROW(static_cast<void>(fit(training_of(random_representations(shape, 1)))), Error) << "no validation samples";
}

TEST(L2s, RefusesFilesThatAreNotWhole) {
  const auto source = fit(make({}));
  const auto refusal = [&](const std::function<void(TensorFile&)>& change) {
    auto file = source->to_file();
    change(file);
    return test::message_of(ErrorKind::vectors, [&] {
      static_cast<void>(steering_method("l2s").read(file, {.layers = layers, .width = width}));
    });
  };
  const auto infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(refusal([](auto& file) { file.tensors.erase("output.bias"); }),
              HasSubstr("tensor output.bias is missing"));
  EXPECT_THAT(refusal([](auto& file) { file.tensors["hidden.weight"].shape = {3, 20, 8}; }),
              HasSubstr("hidden.weight is 3 x 20 x 8 instead of 3 x 8 x 20"));
  EXPECT_THAT(refusal([&](auto& file) { file.tensors["output.weight"].values.back() = static_cast<float>(infinity); }),
              HasSubstr("output.weight contains NaN or infinity for layer 2"));
  EXPECT_THAT(refusal([](auto& file) { file.metadata.erase("w2s.l2s.hidden_width"); }),
              HasSubstr("w2s.l2s.hidden_width is missing"));
  EXPECT_THAT(refusal([](auto& file) { file.metadata["w2s.l2s.hidden_width"] = std::int64_t{-1}; }),
              HasSubstr("hidden_width is -1"));
  EXPECT_THAT(refusal([](auto& file) { file.metadata["w2s.l2s.epochs"] = std::vector<std::int64_t>{1, 2}; }),
              HasSubstr("2 values for 3 layers"));
  EXPECT_THAT(refusal([&](auto& file) { file.metadata["w2s.l2s.error"] = std::vector<double>{1, infinity, 1}; }),
              HasSubstr("w2s.l2s.error of layer 1 is inf"));
  EXPECT_THAT(refusal([](auto& file) { file.metadata.erase("w2s.l2s.context_layer"); }),
              HasSubstr("which context layer"));
  EXPECT_THAT(refusal([](auto& file) { file.metadata["w2s.l2s.context_layer"] = std::int64_t{3}; }),
              HasSubstr("context layer 3, but is for a model of 3 layers"));
  const auto nothing = test::message_of(ErrorKind::vectors,
                                        [&] { static_cast<void>(steering_method("l2s").read(source->to_file(), {})); });
  EXPECT_THAT(nothing, HasSubstr("for which model"));
}

}  // namespace
}  // namespace w2s
