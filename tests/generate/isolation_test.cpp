// Many steered generations side by side on the default model: each says what it says alone.
#include <gmock/gmock.h>

#include <cmath>
#include <iostream>
#include <set>

#include "base/parallel.h"
#include "generate/builtin_steering.h"
#include "generate/generations.h"
#include "support/shared_data.h"
#include "w2s/data.h"

namespace w2s {
namespace {

using testing::SizeIs;

constexpr std::size_t generations = 64;
constexpr std::size_t answer_tokens = 8;
// What other rows of a batch may change by rounding is far below, what another's steering changes is above.
constexpr double leak = 0.01;

// A reference answer, with what is needed to judge a difference from it.
struct Answer {
  std::vector<AppliedSteering> applied = {};
  std::vector<Token> tokens = {};
  std::vector<double> log_probabilities = {};  // of the tokens
  std::vector<double> gaps = {};               // between the two best
};

// Greedy answers from a decoder that is empty before each and decodes nothing else: there is nothing that could leak.
class Alone {
 public:
  Alone(const Model& model, const std::vector<NamedSteering>& steerings)
      : decoder_(model, {.context = 512, .sequences = 2, .threads = 1}), steerings_(steerings) {}

  [[nodiscard]] Answer answer(const GenerationRequest& request) {
    const auto steering = resolve(request);
    Answer answer{.applied = steering.applied};
    const auto& prompt = request.prompt;
    decoder_.forget(0, static_cast<std::int32_t>(prompt.size() - 1));
    Token next = prompt.back();
    for (std::size_t position = prompt.size() - 1; answer.tokens.size() < request.max_tokens; ++position) {
      next = take_best(answer, decode_one(next, position, steering));
      if (decoder_.model().is_end_of_generation(next)) break;
    }
    return answer;
  }

 private:
  // Leaves the prompt in the decoder, unsteered.
  [[nodiscard]] ResolvedSteering resolve(const GenerationRequest& request) {
    const PreparedSteering prepared(request.steering, steerings_, decoder_.model().info(), request.text);
    Batch batch;
    for (const Token token : request.prompt)
      batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
    const std::size_t last = batch.rows.size() - 1;
    for (const std::size_t layer : prepared.needs().last) batch.captures.push_back({last, layer});
    for (const std::size_t layer : prepared.needs().means)
      for (std::size_t row = 0; row <= last; ++row) batch.captures.push_back({row, layer});
    decoder_.clear();
    const auto decoded = decoder_.decode(batch);

    PromptReading reading;
    std::size_t capture = 0;
    for (const std::size_t layer : prepared.needs().last) {
      const auto state = decoded.capture(capture++);
      reading.last[layer] = {state.begin(), state.end()};
    }
    for (const std::size_t layer : prepared.needs().means) {
      std::vector<double> sum(decoded.width, 0);
      for (std::size_t row = 0; row <= last; ++row, ++capture)
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(decoded.capture(capture)[i]);
      for (const double value : sum)
        reading.means[layer].push_back(static_cast<float>(value / static_cast<double>(last + 1)));
    }
    return prepared.resolve(reading);
  }

  [[nodiscard]] std::vector<float> decode_one(Token token, std::size_t position, const ResolvedSteering& steering) {
    Batch batch;
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(position), .wants_logits = true});
    for (const auto& each : steering.steerings) batch.edits.push_back({.row = 0, .steering = each});
    return decoder_.decode(batch).logits;
  }

  [[nodiscard]] static Token take_best(Answer& answer, const std::vector<float>& logits) {
    const auto best = LogProbabilities(logits).most_likely(2);
    answer.tokens.push_back(best[0].token);
    answer.log_probabilities.push_back(static_cast<double>(best[0].log_probability));
    answer.gaps.push_back(static_cast<double>(best[0].log_probability - best[1].log_probability));
    return best[0].token;
  }

  Decoder decoder_;
  const std::vector<NamedSteering>& steerings_;
};

std::vector<Answer> answers_alone(const Model& model, const std::vector<NamedSteering>& steerings,
                                  const std::vector<GenerationRequest>& requests) {
  std::vector<Alone> workers;
  for (int i = 0; i < 2; ++i) workers.emplace_back(model, steerings);
  std::vector<Answer> answers(requests.size());
  run_parallel({.stage = "alone", .total = requests.size()}, workers.size(),
               [&](std::size_t worker, std::size_t i) { answers[i] = workers[worker].answer(requests[i]); }, {});
  return answers;
}

std::vector<NamedSteering> steerings_of(const Model& model) {
  const std::size_t middle = model.info().layers / 2;
  return {test::with_predictor(test::builtin_steering(model, "positive-review", 16), model,
                               {.layer = middle, .pooling = Pooling::last}, 1),
          test::with_predictor(test::builtin_steering(model, "optimistic-outlook", 16), model,
                               {.layer = 0, .pooling = Pooling::mean}, 2)};
}

// Every way to name layers, one vector and two, and unsteered ones among them.
std::vector<SteeringRequest> steering_of(std::size_t index) {
  const std::string review = "positive-review";
  const std::string outlook = "optimistic-outlook";
  const float scale = static_cast<float>(index % 7) - 3.25F;  // -3.25 to 2.75, never 0
  const std::size_t layer = 3 + index % 26;
  switch (index % 8) {
    case 0:
      return {};
    case 1:
      return {{.name = review, .scale = scale}};
    case 2:
      return {{.name = review, .scale = scale, .layer = {.layers = {layer}}}};
    case 3:
      return {{.name = outlook, .scale = scale, .layer = {.layers = {layer - 1, layer, layer + 1}}}};
    case 4:
      return {{.name = outlook, .scale = scale, .layer = {.most_likely = 3}}};
    case 5:
      return {{.name = review, .scale = scale}, {.name = outlook, .scale = -scale, .layer = {.layers = {layer}}}};
    case 6:
      return {{.name = review, .scale = scale, .layer = {.most_likely = 2}}, {.name = outlook, .scale = scale}};
    default:
      return {{.name = outlook, .scale = scale}};
  }
}

std::vector<GenerationRequest> requests_for(const Model& model) {
  std::vector<GenerationRequest> requests;
  for (const std::string name : {"positive-review", "optimistic-outlook"}) {
    const auto behavior = test::builtin_behavior(name);
    for (auto& sample : test::samples_of(behavior, SplitPart::test, generations / 2)) {
      if (requests.size() % 2 == 0) sample.messages.resize(1);  // without the beginning of an answer
      const auto messages = conversation(behavior, sample, PromptVariant::base);
      requests.push_back({.prompt = model.tokenize(model.chat_prompt(messages)),
                          .text = plain_text(messages),
                          .steering = steering_of(requests.size()),
                          .sampling = {.temperature = 0},
                          .max_tokens = answer_tokens,
                          .log_probabilities = 1});
    }
  }
  return requests;
}

// log softmax of the last row of each of the prompts, decoded in one batch.
std::vector<std::vector<double>> last_rows(Decoder& decoder, std::span<const GenerationRequest> requests) {
  Batch batch;
  for (std::size_t sequence = 0; sequence < requests.size(); ++sequence) {
    for (std::size_t i = 0; i < requests[sequence].prompt.size(); ++i)
      batch.rows.push_back({.token = requests[sequence].prompt[i],
                            .position = static_cast<std::int32_t>(i),
                            .sequence = static_cast<std::int32_t>(sequence)});
    batch.rows.back().wants_logits = true;
  }
  decoder.clear();
  const auto decoded = decoder.decode(batch);
  std::vector<std::vector<double>> rows(requests.size());
  for (std::size_t row = 0; row < rows.size(); ++row) {
    const LogProbabilities probabilities(decoded.row_logits(row));
    for (std::size_t token = 0; token < decoded.scored; ++token)
      rows[row].push_back(static_cast<double>(probabilities.of(static_cast<Token>(token)).log_probability));
  }
  return rows;
}

// The largest difference of a row's log-probabilities between a batch of its own and one that it shares.
double noise_floor(const Model& model, std::span<const GenerationRequest> requests) {
  Decoder decoder(model, {.context = 1024, .sequences = 8, .threads = 1});
  const auto together = last_rows(decoder, requests);
  double noise = 0;
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const auto alone = last_rows(decoder, requests.subspan(i, 1)).front();
    for (std::size_t token = 0; token < alone.size(); ++token)
      noise = std::max(noise, std::abs(alone[token] - together[i][token]));
  }
  return noise;
}

// What a comparison found.
struct Comparison {
  std::size_t undecided = 0;  // answers that differ from where the two best were closer than the noise floor
  double largest = 0;         // difference of a token's log-probability, before
};

void compare(const test::Recorded& said, const Answer& alone, double noise, Comparison& comparison) {
  ASSERT_THAT(said.started->applied, SizeIs(alone.applied.size()));
  for (std::size_t i = 0; i < alone.applied.size(); ++i) {
    EXPECT_EQ(said.started->applied[i].name, alone.applied[i].name);
    EXPECT_EQ(said.started->applied[i].layer, alone.applied[i].layer);
    EXPECT_NEAR(said.started->applied[i].scale, alone.applied[i].scale, leak);
  }
  for (std::size_t i = 0; i < alone.tokens.size(); ++i) {
    if (i >= said.tokens.size() || said.tokens[i] != alone.tokens[i]) {
      EXPECT_LT(alone.gaps[i], noise) << "differs at token " << i << ", where one was clearly the best";
      ++comparison.undecided;
      return;
    }
    const auto own = static_cast<double>(said.generated[i].log_probability->log_probability);
    comparison.largest = std::max(comparison.largest, std::abs(own - alone.log_probabilities[i]));
  }
  EXPECT_THAT(said.tokens, SizeIs(alone.tokens.size()));
}

bool has_layer_before(const test::Recorded& said, std::size_t layer) {
  return std::ranges::any_of(said.started->applied, [layer](const AppliedSteering& applied) {
    return applied.confidence && applied.name == "positive-review" && applied.layer < layer;
  });
}

TEST(Isolation, OfSixtyFourGenerationsSteeredInDifferentWays) {
  const auto file = test::default_model();
  if (!file) GTEST_SKIP() << "skipped: no default model (make model)";
  const auto model = Model::load(*file);
  const auto steerings = steerings_of(model);
  const auto requests = requests_for(model);
  ASSERT_THAT(requests, SizeIs(generations));
  const double noise = noise_floor(model, std::span(requests).first(8));
  EXPECT_LT(noise, leak / 10);

  GenerationEngine engine(Decoder(model, {.context = 8192, .sequences = generations, .threads = 1}), steerings);
  const auto together = test::generate_all(engine, requests);
  const auto alone = answers_alone(model, steerings, requests);
  Comparison comparison;
  std::set<std::vector<Token>> different;
  std::size_t decoded_twice = 0;
  for (std::size_t i = 0; i < generations; ++i) {
    SCOPED_TRACE(i);
    compare(together[i], alone[i], noise, comparison);
    different.insert(together[i].tokens);
    decoded_twice += has_layer_before(together[i], model.info().layers / 2) ? 1 : 0;
  }
  EXPECT_LT(comparison.largest, leak);
  EXPECT_GT(different.size(), 48U) << "answers that are alike show no leak";
  EXPECT_GT(decoded_twice, 3U) << "some must be steered before the layer that their predictor sees";
  RecordProperty("noise_floor", std::to_string(noise));
  RecordProperty("largest_difference", std::to_string(comparison.largest));
  RecordProperty("undecided", std::to_string(comparison.undecided));
  RecordProperty("decoded_twice", std::to_string(decoded_twice));
  std::cout << "noise floor " << noise << ", largest difference " << comparison.largest << ", answers that differ "
            << comparison.undecided << ", different answers " << different.size() << ", decoded twice " << decoded_twice
            << '\n';
}

}  // namespace
}  // namespace w2s
