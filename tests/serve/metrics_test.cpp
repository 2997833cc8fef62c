#include "serve/metrics.h"

#include <gmock/gmock.h>

namespace w2s::serve {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Histogram, CountsWhatIsAtMostSoLong) {
  Histogram histogram;
  std::string text;
  for (const double seconds : {0.001, 0.01, 0.02, 1.0, 1000.0}) histogram.add(seconds);
  histogram.write(text, "d", "path=\"/x\"");
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"0.01\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"0.025\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"0.5\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"1\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"300\"} 4\n"));
  EXPECT_THAT(text, HasSubstr("d_bucket{path=\"/x\",le=\"+Inf\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("d_count{path=\"/x\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("d_sum{path=\"/x\"} 1001.031\n"));
}

TEST(Histogram, IsEmptyAtFirst) {
  std::string text;
  Histogram().write(text, "d", "");
  EXPECT_THAT(text, HasSubstr("d_bucket{le=\"0.01\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("d_count 0\n"));
}

TEST(Metrics, AreTextForPrometheus) {
  Metrics metrics;
  metrics.add_request("/v1/models", 200, 0.5);
  metrics.add_request("/v1/models", 200, 0.5);
  metrics.add_request("/v1/models", 401, 0.5);
  metrics.add_prompt(10, 4);
  metrics.add_prompt(5, 0);
  metrics.add_generated(7);
  metrics.add_first_token(0.2);
  const auto text = metrics.text({.running = 3, .queued = 1});
  EXPECT_THAT(text, HasSubstr("w2s_http_requests_total{path=\"/v1/models\",status=\"200\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("w2s_http_requests_total{path=\"/v1/models\",status=\"401\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_prompt_tokens_total 15\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_prompt_tokens_cached_total 4\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_tokens_generated_total 7\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_generations_running 3\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_generations_queued 1\n"));
  EXPECT_THAT(text, HasSubstr("\nw2s_time_to_first_token_seconds_count 1\n"));
  EXPECT_THAT(text, HasSubstr("w2s_build_info{version=\""));
  EXPECT_TRUE(text.ends_with('\n'));
  EXPECT_THAT(text, Not(HasSubstr("\n\n")));
}

}  // namespace
}  // namespace w2s::serve
