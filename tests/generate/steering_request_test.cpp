#include "w2s/generation.h"

#include <gmock/gmock.h>

#include <numeric>

#include "generate/generations.h"
#include "support/error_of.h"

namespace w2s {
namespace {

using test::generate;
using test::roomy;
using testing::ElementsAre;
using testing::FloatNear;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

// Its vector is the prompt's own state after one layer, read unsteered at the last token.
class MirrorSource final : public VectorSource {
 public:
  explicit MirrorSource(const ModelInfo& model)
      : VectorSource({.method = "mirror", .layers = model.layers, .width = model.width}) {}
  [[nodiscard]] PromptNeeds needs() const override { return {.last = {2}}; }
  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override {
    auto state = input.last.at(2);
    for (float& value : state) value *= static_cast<float>(layer + 1);
    return state;
  }
  [[nodiscard]] TensorFile to_file() const override { return {}; }
};

// Its embedding of a text: how often each letter of the alphabet is in it, and zeros.
class LetterEncoder final : public TextEncoder {
 public:
  explicit LetterEncoder(std::size_t width) : width_(width) {}
  [[nodiscard]] std::string name() const override { return "letters"; }
  [[nodiscard]] std::size_t width() const override { return width_; }
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> texts,
                                                       const Job& /*job*/) override {
    std::vector<std::vector<float>> embeddings;
    for (const auto& text : texts) {
      auto& embedding = embeddings.emplace_back(width_, 0.0F);
      for (const char c : text)
        if (c >= 'a' && c <= 'z') ++embedding[static_cast<std::size_t>(c - 'a')];
    }
    return embeddings;
  }

 private:
  std::size_t width_;
};

class SteeringRequestTest : public testing::Test {
 protected:
  [[nodiscard]] const Model& model() const { return tiny_.model(); }
  [[nodiscard]] Decoder decoder() const { return Decoder(model(), {.context = 512, .sequences = 2, .threads = 1}); }
  [[nodiscard]] NamedSteering steering(PromptEncoder encoder) const {
    return test::with_predictor(test::some_steering("warm", model(), 1), model(), encoder);
  }
  [[nodiscard]] GenerationRequest request(const std::string& prompt, SteeringRequest asked) const {
    return {.prompt = model().tokenize(prompt),
            .text = prompt,
            .steering = {std::move(asked)},
            .sampling = {.temperature = 0},
            .max_tokens = 10};
  }
  /// The residual stream of a prompt after a layer, unsteered: [tokens][width].
  [[nodiscard]] Decoded states(const std::string& prompt, std::size_t layer) const {
    auto own = decoder();
    Batch batch;
    for (const Token token : model().tokenize(prompt)) {
      batch.captures.push_back({batch.rows.size(), layer});
      batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
    }
    return own.decode(batch);
  }
  [[nodiscard]] std::vector<float> embedding(const std::string& prompt, PromptEncoder encoder) const {
    const auto decoded = states(prompt, encoder.layer);
    const std::size_t tokens = decoded.captured.size() / decoded.width;
    if (encoder.pooling == Pooling::last) {
      const auto last = decoded.capture(tokens - 1);
      return {last.begin(), last.end()};
    }
    std::vector<float> mean(decoded.width, 0);
    for (std::size_t i = 0; i < tokens; ++i)
      for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += decoded.capture(i)[j] / static_cast<float>(tokens);
    return mean;
  }

  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

TEST_F(SteeringRequestTest, AtTheLayerThatThePredictorNamesForThisPrompt) {
  std::set<std::size_t> layers;
  std::size_t steered_on_the_way = 0;
  std::size_t decoded_again = 0;
  for (const PromptEncoder encoder : {PromptEncoder{0, Pooling::last}, PromptEncoder{1, Pooling::last},
                                      PromptEncoder{3, Pooling::last}, PromptEncoder{2, Pooling::mean}}) {
    const auto warm = steering(encoder);
    GenerationEngine engine(decoder(), {warm});
    for (const std::string prompt : {"Tell me", "What is it?", "Name one", "Name two", "Why?", "Hello there"}) {
      const auto seen = embedding(prompt, encoder);
      const auto probabilities = warm.predictor->predictor.probabilities(seen);
      const std::size_t layer = warm.predictor->predictor.layer(seen);
      const auto said = generate(engine, request(prompt, {.name = "warm", .scale = 3}));
      ASSERT_THAT(said.started->applied, SizeIs(1));
      const auto& applied = said.started->applied.front();
      EXPECT_EQ(applied.layer, layer);
      EXPECT_THAT(*applied.confidence, FloatNear(probabilities[layer], 1e-4F));
      ASSERT_THAT(said.started->predicted, SizeIs(1));
      EXPECT_THAT(said.started->predicted.front().probabilities, testing::Pointwise(FloatNear(1e-4F), probabilities));
      auto reference = decoder();
      EXPECT_EQ(said.tokens, test::reference_answer(
                                 reference, model().tokenize(prompt),
                                 {{.layer = layer, .scale = 3, .direction = test::direction_of(warm, layer)}}, 10));
      layers.insert(layer);
      ++(layer < encoder.layer ? decoded_again : steered_on_the_way);
    }
  }
  EXPECT_GT(layers.size(), 2U) << "the prompts are to differ in their layer";
  EXPECT_GT(steered_on_the_way, 0U);
  EXPECT_GT(decoded_again, 0U);
}

TEST_F(SteeringRequestTest, SeesTheMeanOverAPromptAlsoWhereItsBeginningWasCached) {
  const PromptEncoder encoder{2, Pooling::mean};
  const auto warm = steering(encoder);
  GenerationEngine engine(Decoder(model(), roomy), {warm});
  for (const std::string prompt :
       {"A beginning that many have", "A beginning that many others have", "A beginning that many have as well"}) {
    const auto said = generate(engine, request(prompt, {.name = "warm", .scale = 3}));
    const auto probabilities = warm.predictor->predictor.probabilities(embedding(prompt, encoder));
    EXPECT_THAT(said.started->predicted.front().probabilities, testing::Pointwise(FloatNear(1e-4F), probabilities));
  }
  EXPECT_GT(generate(engine, request("A beginning that counts", {.name = "warm"})).started->cached_tokens, 10U);
}

TEST_F(SteeringRequestTest, SharesTheScaleAmongTheMostLikelyLayersByProbability) {
  const auto warm = steering({1, Pooling::last});
  GenerationEngine engine(decoder(), {warm});
  const auto said = generate(engine, request("Tell me", {.name = "warm", .scale = 4, .layer = {.most_likely = 3}}));
  const auto& applied = said.started->applied;
  ASSERT_THAT(applied, SizeIs(3));
  float total = 0;
  std::vector<Steering> steerings;
  for (const auto& one : applied) {
    total += one.scale;
    steerings.push_back({.layer = one.layer, .scale = one.scale, .direction = test::direction_of(warm, one.layer)});
  }
  EXPECT_THAT(total, FloatNear(4, 1e-4F));
  EXPECT_GE(*applied[0].confidence, *applied[1].confidence);
  EXPECT_GE(*applied[1].confidence, *applied[2].confidence);
  EXPECT_THAT(applied[0].scale / applied[2].scale, FloatNear(*applied[0].confidence / *applied[2].confidence, 1e-2F));
  auto reference = decoder();
  EXPECT_EQ(said.tokens, test::reference_answer(reference, model().tokenize("Tell me"), steerings, 10));

  const auto all = generate(engine, request("Tell me", {.name = "warm", .scale = 4, .layer = {.most_likely = 99}}));
  EXPECT_THAT(all.started->applied, SizeIs(model().info().layers)) << "no more than there are";
}

TEST_F(SteeringRequestTest, SharesTheScaleAmongNamedLayersEqually) {
  const std::vector<NamedSteering> loaded = {test::some_steering("warm", model(), 1)};
  const std::vector<SteeringRequest> asked = {{.name = "warm", .scale = -3, .layer = parse_layer_choice("3,0,1")}};
  const PreparedSteering prepared(asked, loaded, model().info(), "");
  EXPECT_TRUE(prepared.needs().empty());
  const auto resolved = prepared.resolve({});
  EXPECT_THAT(resolved.applied, ElementsAre(AppliedSteering{.name = "warm", .layer = 0, .scale = -1},
                                            AppliedSteering{.name = "warm", .layer = 1, .scale = -1},
                                            AppliedSteering{.name = "warm", .layer = 3, .scale = -1}));
  EXPECT_THAT(resolved.predicted, IsEmpty());
}

TEST_F(SteeringRequestTest, ShowsASourceThePromptAsItIsUnsteered) {
  const NamedSteering mirror{.name = "mirror", .source = std::make_shared<MirrorSource>(model().info())};
  GenerationEngine engine(decoder(), {mirror});
  for (const std::string prompt : {"Tell me", "Tell me more"}) {
    const auto said = generate(engine, request(prompt, {.name = "mirror", .scale = -0.5F, .layer = {.layers = {1}}}));
    auto direction = embedding(prompt, {2, Pooling::last});
    for (float& value : direction) value *= 2;
    auto reference = decoder();
    EXPECT_EQ(said.tokens, test::reference_answer(reference, model().tokenize(prompt),
                                                  {{.layer = 1, .scale = -0.5F, .direction = direction}}, 10));
  }
}

TEST_F(SteeringRequestTest, AsksAnEmbeddingModelWhereThePredictorSeesPromptsThroughOne) {
  auto warm = test::some_steering("warm", model(), 1);
  const auto encoder = std::make_shared<LetterEncoder>(model().info().width);
  warm.predictor = {.predictor = test::some_predictor(model().info(), 3), .text_encoder = encoder};
  GenerationEngine engine(decoder(), {warm});
  std::set<std::size_t> layers;
  for (const std::string prompt : {"tell me", "ask why", "zoo", "quick brown fox", "lazy dog"}) {
    const auto seen = encoder->encode(std::span(&prompt, 1), {}).front();
    const auto said = generate(engine, request(prompt, {.name = "warm", .scale = 2}));
    EXPECT_EQ(said.started->applied.front().layer, warm.predictor->predictor.layer(seen));
    layers.insert(said.started->applied.front().layer);
  }
  EXPECT_GT(layers.size(), 1U);
  auto without_text = request("tell me", {.name = "warm"});
  without_text.text.clear();
  EXPECT_THAT(test::message_of(ErrorKind::usage, [&] { engine.submit(without_text, [](const GenerationEvent&) {}); }),
              HasSubstr("needs the prompt as text for letters"));
}

TEST_F(SteeringRequestTest, LeavesOutWhatChangesNothing) {
  auto ablating = test::some_steering("ablating", model(), 1);
  ablating.operation = SteeringOperator::ablate_add;
  const std::vector<NamedSteering> loaded = {test::some_steering("warm", model(), 1), ablating};
  const std::vector<SteeringRequest> asked = {{.name = "warm", .scale = 0, .layer = {.layers = {1}}},
                                              {.name = "ablating", .scale = 0, .layer = {.layers = {2}}}};
  const auto resolved = PreparedSteering(asked, loaded, model().info(), "").resolve({});
  EXPECT_THAT(resolved.applied, SizeIs(2));
  ASSERT_THAT(resolved.steerings, SizeIs(1));
  EXPECT_EQ(resolved.steerings.front().operation, SteeringOperator::ablate_add);
}

TEST_F(SteeringRequestTest, RefusesAVectorThatWouldLeaveTheNumbersOfTheModel) {
  const auto info = model().info();
  std::vector<float> values(info.layers * info.width, 1e14F);
  const std::vector<NamedSteering> loaded = {
      {.name = "huge",
       .source = std::make_shared<ConstantSource>(
           SourceInfo{.method = "test", .layers = info.layers, .width = info.width}, std::move(values))}};
  GenerationEngine engine(decoder(), loaded);
  const auto asked = request("Tell me", {.name = "huge", .scale = 20, .layer = {.layers = {1}}});
  EXPECT_THAT(test::message_of(ErrorKind::vectors, [&] { engine.submit(asked, [](const GenerationEvent&) {}); }),
              HasSubstr("'huge' at layer 1"));
  const auto fine = request("Tell me", {.name = "huge", .scale = 1, .layer = {.layers = {1}}});
  EXPECT_EQ(generate(engine, fine).finished->reason, FinishReason::length) << "long, but the model goes on";
}

TEST_F(SteeringRequestTest, RefusesALayerWithoutAVector) {
  const auto info = model().info();
  std::vector<float> values(info.layers * info.width, 1.0F);
  std::fill_n(values.begin(), info.width, 0.0F);
  const std::vector<NamedSteering> loaded = {
      {.name = "no zero",
       .source = std::make_shared<ConstantSource>(
           SourceInfo{.method = "test", .layers = info.layers, .width = info.width}, std::move(values))}};
  const std::vector<SteeringRequest> asked = {{.name = "no zero", .layer = {.layers = {0}}}};
  EXPECT_EQ(test::error_of([&] { PreparedSteering(asked, loaded, info, ""); }).kind(), ErrorKind::vectors);
}

}  // namespace
}  // namespace w2s
