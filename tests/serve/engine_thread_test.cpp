#include "serve/engine_thread.h"

#include <gmock/gmock.h>

#include "serve/protocol/api_error.h"
#include "serve/running_server.h"

namespace w2s::serve {
namespace {

using test::eventually;

class EngineThreadTest : public testing::Test {
 protected:
  static constexpr DecoderOptions narrow = {
      .context = test::long_context, .sequences = 2, .rows_per_batch = 16, .threads = 1};

  [[nodiscard]] GenerationEngine engine() const { return {Decoder(tiny_.model(), narrow), {}}; }
  [[nodiscard]] GenerationRequest request(std::size_t max_tokens) const {
    return {.prompt = tiny_.model().tokenize("Tell me"),
            .sampling = {.temperature = 0, .logit_bias = {{test::im_end_token, -1000}}},
            .max_tokens = max_tokens};
  }
  [[nodiscard]] static Clock::time_point in_a_while() { return Clock::now() + std::chrono::minutes(1); }

  test::LoadedTinyModel tiny_{test::long_winded()};
};

TEST(EventChannel, GivesEventsInTheirOrderUntilItIsFull) {
  EventChannel channel(2);
  EXPECT_FALSE(channel.pop(Clock::now()));
  EXPECT_TRUE(channel.push({0, GeneratedToken{.token = 1, .text = {}}}));
  EXPECT_TRUE(channel.push({1, GeneratedToken{.token = 2, .text = {}}}));
  EXPECT_EQ(channel.pop(Clock::now())->choice, 0U);
  EXPECT_EQ(channel.pop(Clock::now())->choice, 1U);
  EXPECT_TRUE(channel.push({0, GeneratedToken{}}));
  EXPECT_TRUE(channel.push({0, GeneratedToken{}}));
  EXPECT_FALSE(channel.has_lost_events());
  EXPECT_FALSE(channel.push({0, GeneratedToken{}}));
  EXPECT_TRUE(channel.has_lost_events());
  EXPECT_FALSE(channel.pop(Clock::now()));
  EXPECT_FALSE(channel.push({0, GenerationFinished{}}));
}

TEST_F(EngineThreadTest, CancelsWhatIsNotRead) {
  EngineThread thread(engine(), 4, 16);
  auto unread = thread.submit({request(test::long_context)});
  EXPECT_TRUE(eventually([&] { return unread.have_lost_events(); }));
  EXPECT_TRUE(eventually([&] { return thread.running() == 0; }));
  EXPECT_FALSE(unread.next(in_a_while()));
}

TEST_F(EngineThreadTest, CancelsWhatNobodyWaitsForAnyMore) {
  EngineThread thread(engine(), 1, 1U << 20U);
  {
    auto left = thread.submit({request(test::long_context)});
    ASSERT_TRUE(left.next(in_a_while()));
  }
  EXPECT_TRUE(eventually([&] { return thread.running() == 0; }));
}

TEST_F(EngineThreadTest, TakesAllOfARequestOrNothing) {
  EngineThread thread(engine(), 2, 64);
  try {
    static_cast<void>(thread.submit({request(1), request(1), request(1)}));
    FAIL() << "three are too many";
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 429);
  }
  EXPECT_THROW(static_cast<void>(thread.submit({request(1), request(0)})), Error);
  auto both = thread.submit({request(1), request(1)});
  for (std::size_t ended = 0; ended < 2;) {
    const auto event = both.next(in_a_while());
    ASSERT_TRUE(event);
    if (const auto* finished = std::get_if<GenerationFinished>(&event->event)) {
      EXPECT_EQ(finished->reason, FinishReason::length);
      ++ended;
    }
  }
}

TEST_F(EngineThreadTest, EndsEverythingWhenItEnds) {
  EngineThread thread(engine(), 4, 1U << 20U);
  auto first = thread.submit({request(test::long_context)});
  auto second = thread.submit({request(test::long_context)});
  thread.end();
  for (auto* generations : {&first, &second}) {
    auto event = generations->next(in_a_while());
    while (event && !std::holds_alternative<GenerationFinished>(event->event)) event = generations->next(in_a_while());
    ASSERT_TRUE(event);
    EXPECT_EQ(std::get<GenerationFinished>(event->event).reason, FinishReason::cancelled);
  }
  EXPECT_FALSE(thread.is_alive());
  EXPECT_THROW(static_cast<void>(thread.submit({request(1)})), ApiError);
}

}  // namespace
}  // namespace w2s::serve
