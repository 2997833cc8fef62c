#include "w2s/decoding.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "support/error_of.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::LoadedTinyModel;
using testing::ElementsAreArray;
using testing::FloatNear;
using testing::HasSubstr;
using testing::Pointwise;

constexpr DecoderOptions small = {.context = 256, .sequences = 8, .rows_per_batch = 64, .threads = 1};

Batch prompt_batch(std::span<const Token> tokens) {
  Batch batch;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    batch.rows.push_back({.token = tokens[i], .position = static_cast<std::int32_t>(i)});
  batch.rows.back().wants_logits = true;
  return batch;
}

std::vector<float> values(std::span<const float> view) { return {view.begin(), view.end()}; }

std::string refusal(const Model& model) {
  try {
    const Decoder decoder(model, small);
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::model);
    return error.what();
  }
  return "accepted";
}

TEST(Decoder, ReturnsTheWholeVocabularyOrTheTokensAskedFor) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  auto batch = prompt_batch(tiny.model().tokenize("hello"));
  const auto all = decoder.decode(batch);
  ASSERT_EQ(all.row_logits(0).size(), test::tiny_vocabulary);
  decoder.clear();
  batch.scored = {'x', 'a'};
  const auto two = decoder.decode(batch);
  EXPECT_THAT(two.row_logits(0), ElementsAreArray({all.row_logits(0)['x'], all.row_logits(0)['a']}));
}

TEST(Decoder, EditsTheRowItIsToldToAndNoOther) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto vectors = test::some_vectors(tiny.model().info());
  Batch batch;
  for (std::int32_t sequence = 0; sequence < 3; ++sequence)
    batch.rows.push_back({.token = 'a', .position = 0, .sequence = sequence, .wants_logits = true});
  batch.edits = {{.row = 1, .steering = {.layer = 2, .scale = 0.5F, .direction = vectors.direction(2)}}};
  const auto decoded = decoder.decode(batch);
  EXPECT_EQ(values(decoded.row_logits(0)), values(decoded.row_logits(2)));
  EXPECT_NE(values(decoded.row_logits(0)), values(decoded.row_logits(1)));
}

TEST(Decoder, AddsScaleTimesDirectionAtEveryLayer) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto vectors = test::some_vectors(tiny.model().info());
  for (std::size_t layer = 0; layer < tiny.model().info().layers; ++layer) {
    decoder.clear();
    Batch batch;
    batch.rows = {{.token = 'a', .position = 0, .sequence = 0}, {.token = 'a', .position = 0, .sequence = 1}};
    batch.edits = {{.row = 1, .steering = {.layer = layer, .scale = -2, .direction = vectors.direction(layer)}}};
    batch.captures = {{.row = 0, .layer = layer}, {.row = 1, .layer = layer}};
    const auto decoded = decoder.decode(batch);
    for (std::size_t i = 0; i < decoded.width; ++i)
      ASSERT_EQ(decoded.capture(1)[i], decoded.capture(0)[i] + -2 * vectors.direction(layer)[i]);
  }
}

TEST(Decoder, GivesTheSameForOneBatchAndForItsRowsInTurns) {
  const LoadedTinyModel tiny(test::tiny_llama());
  const auto tokens = tiny.model().tokenize("a rather long text that has more tokens than go into one batch of rows");
  const auto vectors = test::some_vectors(tiny.model().info());
  auto batch = prompt_batch(tokens);
  const std::size_t last_layer = tiny.model().info().layers - 1;
  for (std::size_t row = 0; row < tokens.size(); ++row) batch.captures.push_back({row, row % (last_layer + 1)});
  batch.edits = {{.row = 3, .steering = {.layer = 1, .scale = 1, .direction = vectors.direction(1)}},
                 {.row = tokens.size() - 1,
                  .steering = {.layer = last_layer, .scale = 1, .direction = vectors.direction(last_layer)}}};
  Decoder wide(tiny.model(), {.context = 256, .sequences = 8, .rows_per_batch = 128, .threads = 1});
  Decoder narrow(tiny.model(), {.context = 256, .sequences = 4, .rows_per_batch = 7, .threads = 1});
  const auto at_once = wide.decode(batch);
  const auto in_turns = narrow.decode(batch);
  EXPECT_THAT(in_turns.logits, Pointwise(FloatNear(1e-4F), at_once.logits));
  EXPECT_THAT(in_turns.captured, Pointwise(FloatNear(1e-4F), at_once.captured));
}

TEST(Decoder, LetsSequencesShareTheirBeginning) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto alone = [&](const std::string& text) {
    decoder.clear();
    return values(decoder.decode(prompt_batch(tiny.model().tokenize(text))).row_logits(0));
  };
  const auto first = alone("common x");
  const auto second = alone("common y");

  decoder.clear();
  Batch batch = prompt_batch(tiny.model().tokenize("common "));
  for (auto& row : batch.rows) row = {.token = row.token, .position = row.position, .sequence = 0, .sequences = 2};
  const auto next = static_cast<std::int32_t>(batch.rows.size());
  batch.rows.push_back({.token = 'x', .position = next, .sequence = 0, .wants_logits = true});
  batch.rows.push_back({.token = 'y', .position = next, .sequence = 1, .wants_logits = true});
  const auto shared = decoder.decode(batch);
  EXPECT_THAT(values(shared.row_logits(0)), Pointwise(FloatNear(1e-4F), first));
  EXPECT_THAT(values(shared.row_logits(1)), Pointwise(FloatNear(1e-4F), second));
}

TEST(Decoder, ForgetsFromAPositionOn) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto tokens = tiny.model().tokenize("ab");
  auto batch = prompt_batch(tokens);
  const auto before = decoder.decode(batch);
  decoder.forget_from(static_cast<std::int32_t>(tokens.size()) - 1);
  Batch again;
  again.rows = {batch.rows.back()};
  EXPECT_THAT(decoder.decode(again).logits, Pointwise(FloatNear(1e-4F), before.logits));
}

TEST(Decoder, ForgetsOneSequenceAndLeavesTheOthersTheirShare) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto tokens = tiny.model().tokenize("shared x");
  const auto batch = prompt_batch(tokens);
  const auto alone = decoder.decode(batch);
  const auto last = static_cast<std::int32_t>(tokens.size()) - 1;
  decoder.share(0, 5, 0, last);
  decoder.forget(0, 2);
  Batch continued;
  continued.rows = {{.token = tokens.back(), .position = last, .sequence = 5, .wants_logits = true}};
  EXPECT_THAT(decoder.decode(continued).logits, Pointwise(FloatNear(1e-4F), alone.logits));
}

TEST(Decoder, SharesCellsWithoutUsingMore) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  static_cast<void>(decoder.decode(prompt_batch(std::vector<Token>(200, 'a'))));
  for (std::int32_t sequence = 1; sequence < 8; ++sequence) decoder.share(0, sequence, 0, 200);
  Batch batch;
  for (std::int32_t sequence = 0; sequence < 8; ++sequence)
    batch.rows.push_back({.token = 'b', .position = 200, .sequence = sequence, .wants_logits = true});
  EXPECT_EQ(decoder.decode(batch).logits.size(), 8 * test::tiny_vocabulary);
  decoder.share(0, 1, 3, 3);  // nothing
}

TEST(Decoder, IsAsNewAfterAWipe) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto batch = prompt_batch(tiny.model().tokenize("again"));
  const auto before = decoder.decode(batch);
  const std::vector<float> direction(tiny.model().info().width, std::numeric_limits<float>::infinity());
  Batch spoiled;
  spoiled.rows = {{.token = 'a', .position = 0, .sequence = 1, .wants_logits = true}};
  spoiled.edits = {{.row = 0, .steering = {.layer = 0, .scale = 1, .direction = direction}}};
  EXPECT_EQ(test::error_of([&] { static_cast<void>(decoder.decode(spoiled)); }).kind(), ErrorKind::engine);
  decoder.wipe();
  EXPECT_EQ(decoder.decode(batch).logits, before.logits);
}

// A batch of two rows, the second of which is looked at after layer 1.
Batch batch_with_a_capture() {
  Batch batch;
  for (std::int32_t sequence = 0; sequence < 2; ++sequence)
    batch.rows.push_back({.token = 'a', .position = 0, .sequence = sequence, .wants_logits = true});
  batch.captures = {{.row = 1, .layer = 1}};
  return batch;
}

TEST(Decoder, SteersARowByWhatItReadOfItOnTheWay) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  for (std::size_t layer = 1; layer < tiny.model().info().layers; ++layer) {
    decoder.clear();
    const auto unsteered = decoder.decode(batch_with_a_capture());
    auto known = batch_with_a_capture();
    known.edits = {{.row = 1, .steering = {.layer = layer, .scale = 2, .direction = unsteered.capture(0)}}};
    decoder.clear();
    const auto wanted = decoder.decode(known);

    decoder.clear();
    std::vector<std::size_t> asked_at;
    const auto decoded = decoder.decode(batch_with_a_capture(), [&](std::size_t at, const Decoded& so_far) {
      asked_at.push_back(at);
      return std::vector<Edit>{{.row = 1, .steering = {.layer = layer, .scale = 2, .direction = so_far.capture(0)}}};
    });
    EXPECT_EQ(asked_at, std::vector<std::size_t>{1});
    EXPECT_EQ(decoded.logits, wanted.logits);
    EXPECT_EQ(decoded.captured, unsteered.captured) << "read before it is steered";
    EXPECT_NE(values(decoded.row_logits(1)), values(unsteered.row_logits(1)));
    EXPECT_EQ(values(decoded.row_logits(0)), values(unsteered.row_logits(0)));
  }
}

TEST(Decoder, RefusesEditsThatComeTooLateAndStaysUsable) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto before = decoder.decode(batch_with_a_capture());
  const std::vector<float> direction(tiny.model().info().width, 1.0F);
  const auto refusal = [&](const Batch& batch, const Edit& edit) {
    decoder.clear();
    return test::message_of(ErrorKind::usage, [&] {
      static_cast<void>(decoder.decode(batch, [&](std::size_t, const Decoded&) { return std::vector<Edit>{edit}; }));
    });
  };
  EXPECT_THAT(refusal(batch_with_a_capture(), {.row = 1, .steering = {.layer = 0, .scale = 1, .direction = direction}}),
              HasSubstr("too late"));
  EXPECT_THAT(refusal(batch_with_a_capture(), {.row = 2, .steering = {.layer = 2, .scale = 1, .direction = direction}}),
              HasSubstr("edit of row 2"));
  auto without_logits = batch_with_a_capture();
  without_logits.rows[1].wants_logits = false;
  EXPECT_THAT(refusal(without_logits, {.row = 1, .steering = {.layer = 3, .scale = 1, .direction = direction}}),
              HasSubstr("without logits"));
  const Batch long_batch = prompt_batch(std::vector<Token>(65, 'a'));
  EXPECT_THAT(refusal(long_batch, {}), HasSubstr("65 rows"));
  decoder.clear();
  EXPECT_EQ(decoder.decode(batch_with_a_capture()).logits, before.logits);
}

TEST(Decoder, RefusesSequencesItDoesNotHave) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  for (const std::int32_t sequence : {-1, 8}) {
    EXPECT_EQ(test::error_of([&] { decoder.forget(sequence, 0); }).kind(), ErrorKind::usage);
    EXPECT_EQ(test::error_of([&] { decoder.share(sequence, 0, 0, 1); }).kind(), ErrorKind::usage);
    EXPECT_EQ(test::error_of([&] { decoder.share(0, sequence, 0, 1); }).kind(), ErrorKind::usage);
  }
}

TEST(Decoder, RefusesWhatIsOutOfRangeAndStaysUsable) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const std::vector<float> direction(tiny.model().info().width, 1.0F);
  const auto kind_of = [&](const Batch& batch) {
    try {
      static_cast<void>(decoder.decode(batch));
    } catch (const Error& error) {
      return error.kind();
    }
    return ErrorKind::interrupted;
  };
  const Row row{.token = 'a', .position = 0};
  EXPECT_EQ(kind_of({.rows = {{.token = 100000, .position = 0}}}), ErrorKind::usage);
  EXPECT_EQ(kind_of({.rows = {{.token = 'a', .position = -1}}}), ErrorKind::usage);
  EXPECT_EQ(kind_of({.rows = {{.token = 'a', .position = 0, .sequence = 7, .sequences = 2}}}), ErrorKind::usage);
  EXPECT_EQ(
      kind_of({.rows = {row}, .edits = {{.row = 1, .steering = {.layer = 0, .scale = 1, .direction = direction}}}}),
      ErrorKind::usage);
  EXPECT_EQ(
      kind_of({.rows = {row}, .edits = {{.row = 0, .steering = {.layer = 4, .scale = 1, .direction = direction}}}}),
      ErrorKind::usage);
  EXPECT_EQ(kind_of({.rows = {row},
                     .edits = {{.row = 0,
                                .steering = {.layer = 0, .scale = 1, .direction = std::span(direction).first(3)}}}}),
            ErrorKind::usage);
  EXPECT_EQ(kind_of({.rows = {row}, .captures = {{.row = 0, .layer = 4}}}), ErrorKind::usage);
  EXPECT_EQ(kind_of({.rows = {row}, .scored = {-1}}), ErrorKind::usage);
  EXPECT_EQ(decoder.decode({.rows = {{.token = 'a', .position = 0, .wants_logits = true}}}).logits.size(),
            test::tiny_vocabulary);
}

TEST(Decoder, RoundsASmallContextUpToWhatItsSequencesNeed) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), {.context = 241, .sequences = 256, .rows_per_batch = 1, .threads = 1});
  Batch batch;
  for (std::int32_t sequence = 0; sequence < 256; ++sequence)
    batch.rows.push_back({.token = 'a', .position = 0, .sequence = sequence, .wants_logits = true});
  batch.scored = {'b'};
  EXPECT_EQ(decoder.decode(batch).logits.size(), 256U);
}

TEST(Decoder, SaysWhenItsContextIsFull) {
  const LoadedTinyModel tiny(test::tiny_llama());
  Decoder decoder(tiny.model(), small);
  const auto batch = prompt_batch(std::vector<Token>(300, 'a'));
  try {
    static_cast<void>(decoder.decode(batch));
    FAIL() << "300 tokens went into a context of 256";
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::engine);
    EXPECT_THAT(error.what(), HasSubstr("full"));
  }
}

TEST(Decoder, RefusesByNameAnArchitectureThatDoesNotShowItsLayers) {
  const LoadedTinyModel tiny(test::model_without_layer_outputs());
  EXPECT_THAT(refusal(tiny.model()), testing::AllOf(HasSubstr("plamo2"), HasSubstr("cannot be steered")));
}

TEST(Decoder, RefusesAnEmbeddingModel) {
  const test::TemporaryFolder folder;
  write_tensor_file(folder / "bert.gguf", test::tiny_bert());
  EXPECT_THAT(refusal(Model::load(folder / "bert.gguf")), HasSubstr("'bert' is an embedding model, not a chat model"));
}

TEST(Decoders, OfOneModelShareItsThreads) {
  const LoadedTinyModel tiny(test::tiny_llama());
  auto options = small;
  options.threads = 6;
  const auto decoders = make_decoders(tiny.model(), options, 3);
  ASSERT_EQ(decoders.size(), 3U);
  for (const auto& decoder : decoders) EXPECT_EQ(decoder.options().threads, 2);
}

}  // namespace
}  // namespace w2s
