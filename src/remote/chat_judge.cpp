#include "w2s/chat_judge.h"

#include <utility>

#include "remote/judge_protocol.h"
#include "remote/openai_server.h"

namespace w2s {
namespace {

remote::OpenAiServerOptions server_options(const ChatJudgeOptions& options) {
  return {.base_url = options.base_url,
          .api_key = options.api_key,
          .model = options.model,
          .connect_timeout = options.connect_timeout,
          .timeout = options.timeout,
          .tries = options.tries,
          .first_wait = options.first_wait,
          .longest_wait = options.longest_wait,
          .seed = options.seed};
}

}  // namespace

ChatJudgeOptions ChatJudgeOptions::from_environment(std::string model) {
  ChatJudgeOptions options;
  if (const auto url = remote::environment("OPENAI_BASE_URL"); !url.empty()) options.base_url = url;
  options.api_key = remote::environment("OPENAI_API_KEY");
  options.model = std::move(model);
  return options;
}

struct ChatJudge::State {
  explicit State(const ChatJudgeOptions& options)
      : model(options.model),
        server(server_options(options), "/chat/completions", {.owner = "the judge's", .result = "rating"}) {}

  std::string model;
  remote::OpenAiServer server;
};

ChatJudge::ChatJudge(const ChatJudgeOptions& options) : state_(std::make_unique<State>(options)) {}

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
