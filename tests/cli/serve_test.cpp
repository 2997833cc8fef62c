// w2s serve as a user starts it.
#include <gmock/gmock.h>

#include <algorithm>

#include "cli/process.h"
#include "support/temporary_folder.h"
#include "support/tiny_study.h"
#include "w2s/base.h"

namespace w2s::test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class ServeCommand : public testing::Test {
 protected:
  [[nodiscard]] ProcessResult serve(std::vector<std::string> arguments, const std::string& interrupt_at = {}) const {
    arguments.insert(arguments.begin(), {"serve", "-m", tiny_.path().string(), "-t", "1"});
    if (std::ranges::find(arguments, "--port") == arguments.end()) arguments.insert(arguments.end(), {"--port", "0"});
    return run_w2s(folder_.path(), arguments, {.interrupt_at = interrupt_at});
  }

  TemporaryFolder folder_;
  LoadedTinyModel tiny_{tiny_llama()};
};

TEST_F(ServeCommand, SaysWhereItListensAndEndsWhenInterrupted) {
  write_vector_source(folder_ / "warm.gguf", some_vectors(tiny_.model().info(), 1));
  const auto result = serve({"--steer", "warm=" + (folder_ / "warm.gguf").string(), "-np", "2"}, "curl");
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, AllOf(HasSubstr("w2s listens at http://127.0.0.1:"), HasSubstr("/v1/chat/completions"),
                                HasSubstr(R"("name": "warm")"), HasSubstr("finishing what has begun")));
  EXPECT_THAT(result.err, Not(HasSubstr("warning")));
  EXPECT_EQ(result.out, "");
}

TEST_F(ServeCommand, WarnsWhereEveryoneMayAsk) {
  EXPECT_THAT(serve({"--host", "0.0.0.0"}, "curl").err, HasSubstr("warning: everyone who reaches 0.0.0.0 may ask"));
  write_file(folder_ / "keys", "one-key\r\n\nanother-key\n");
  const auto with_keys = serve({"--host", "0.0.0.0", "--api-key-file", (folder_ / "keys").string()}, "curl");
  EXPECT_THAT(with_keys.err, AllOf(Not(HasSubstr("warning")), HasSubstr("Bearer"), Not(HasSubstr("one-key"))));
}

TEST_F(ServeCommand, RefusesWhatItCannotServe) {
  EXPECT_THAT(serve({"--port", "70000"}).err, HasSubstr("--port"));
  EXPECT_EQ(serve({"--steer", "warm=" + (folder_ / "none.gguf").string()}).exit_code, 2);
  EXPECT_THAT(serve({"--host", "no.such.host.invalid"}).err, HasSubstr("cannot listen at no.such.host.invalid"));
  write_file(folder_ / "keys", "\n");
  EXPECT_THAT(serve({"--api-key-file", (folder_ / "keys").string()}).err, HasSubstr("has no key"));
  EXPECT_THAT(serve({"--report", (folder_ / "none.html").string()}).err, HasSubstr("w2s report"));
  EXPECT_THAT(serve({"--log-file", (folder_ / "none" / "log").string()}).err, HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace w2s::test
