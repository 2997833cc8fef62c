// What browsers are shown.
#include "serve/pages.h"

#include <gmock/gmock.h>

#include "serve/running_server.h"
#include "serve/web_files.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s {
namespace {

using test::RunningServer;
using testing::HasSubstr;
using testing::Not;

class PagesTest : public testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path write_report(const std::string& text) const {
    const auto path = folder_ / "report.html";
    write_file(path, text);
    return path;
  }

  test::TemporaryFolder folder_;
  test::LoadedTinyModel tiny_{test::tiny_llama()};
};

void expect_framed_by_nobody(const httplib::Result& page) {
  EXPECT_THAT(page->get_header_value("Content-Type"), HasSubstr("text/html"));
  EXPECT_EQ(page->get_header_value("Content-Security-Policy"), "frame-ancestors 'none'");
  EXPECT_EQ(page->get_header_value("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(page->get_header_value("Referrer-Policy"), "no-referrer");
}

TEST_F(PagesTest, ABuildWithoutPagesSaysSo) {
  if (!serve::web_files().empty()) GTEST_SKIP() << "built with W2S_WEB=ON";
  EXPECT_THAT(RunningServer(tiny_).get("/")->body, HasSubstr("W2S_WEB=OFF"));
}

TEST_F(PagesTest, TheChatKnowsWhetherItNeedsAKeyAndHasAReport) {
  if (serve::web_files().empty()) GTEST_SKIP() << "built with W2S_WEB=OFF";
  const auto open = RunningServer(tiny_).get("/");
  expect_framed_by_nobody(open);
  EXPECT_THAT(open->body, HasSubstr(R"(id="server">{"keys":false,"report":false}</script>)"));
  EXPECT_THAT(open->body, Not(HasSubstr("<!--w2s:data-->")));

  const RunningServer closed(tiny_, {.api_keys = {"the-key"}, .report = write_report("<h1>Found</h1>")});
  const auto page = closed.get("/");
  EXPECT_EQ(page->status, 200);
  EXPECT_THAT(page->body, HasSubstr(R"({"keys":true,"report":true})"));
  EXPECT_THAT(page->body, Not(HasSubstr("the-key")));
}

TEST_F(PagesTest, TheReportIsTheFileAsItIsNow) {
  const auto path = write_report("<h1>First</h1>");
  const RunningServer server(tiny_, {.report = path});
  const auto first = server.get("/report");
  EXPECT_EQ(first->body, "<h1>First</h1>");
  expect_framed_by_nobody(first);
  write_file(path, "<h1>Second</h1>");
  EXPECT_EQ(server.get("/report")->body, "<h1>Second</h1>");
  std::filesystem::remove(path);
  EXPECT_EQ(server.get("/report")->status, 404);
}

TEST_F(PagesTest, ThereIsNoReportUnlessOneIsNamed) {
  const RunningServer server(tiny_);
  const auto none = server.get("/report");
  EXPECT_EQ(none->status, 404);
  EXPECT_EQ(test::json::parse(none->body).at("error").at("code"), "unknown_url");
}

TEST_F(PagesTest, TheReportNeedsAKeyWhereThereAreKeys) {
  const RunningServer server(tiny_, {.api_keys = {"the-key"}, .report = write_report("<h1>Found</h1>")});
  const auto refused = server.get("/report");
  EXPECT_EQ(refused->status, 401);
  EXPECT_THAT(refused->body, Not(HasSubstr("Found")));
  auto client = server.client();
  client.set_bearer_token_auth("the-key");
  EXPECT_EQ(client.Get("/report")->body, "<h1>Found</h1>");
}

}  // namespace
}  // namespace w2s
