#include "w2s/remote.h"

#include "remote/judge_protocol.h"
#include "remote/openai_server.h"

namespace w2s {
struct ChatJudge::State {
  explicit State(const OpenAiServerOptions& options)
      : model(options.model), server(options, "/chat/completions", {.owner = "the judge's", .result = "rating"}) {}

  std::string model;
  remote::OpenAiServer server;
};

ChatJudge::ChatJudge(const OpenAiServerOptions& options) : state_(std::make_unique<State>(options)) {}

ChatJudge::~ChatJudge() = default;
ChatJudge::ChatJudge(ChatJudge&&) noexcept = default;
ChatJudge& ChatJudge::operator=(ChatJudge&&) noexcept = default;

std::optional<int> ChatJudge::rate(const JudgeQuestion& question, const Job& job) {
  std::optional<int> rating;
  const auto read = [&](const std::string& body) -> std::optional<remote::RequestFailure> {
    const auto reply = remote::parse_judge_reply(body);
    if (!reply.error.empty()) return remote::RequestFailure{.reason = reply.error, .may_pass = reply.is_cut_or_no_json};
    rating = remote::parse_rating(reply.text);
    return std::nullopt;
  };
  state_->server.post(remote::judge_request_json(state_->model, question), read, job);
  return rating;
}

}  // namespace w2s
