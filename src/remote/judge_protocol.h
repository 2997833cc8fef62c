// The question to a judge and its reply as JSON.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "w2s/remote.h"

namespace w2s::remote {

/// The body of a request. What is not UTF-8 is replaced: the answers of models may end within a character.
[[nodiscard]] std::string judge_request_json(const std::string& model, const JudgeQuestion& question);

/// What a judge replied, or why there is no reply.
struct JudgeReply {
  std::string text;
  std::string error;               ///< empty where there is a reply
  bool is_cut_or_no_json = false;  ///< the error may pass
};

[[nodiscard]] JudgeReply parse_judge_reply(std::string_view body);

/// The whole number from 0 to best_rating that is all of the text but for blanks around it; else nothing.
[[nodiscard]] std::optional<int> parse_rating(std::string_view text);

}  // namespace w2s::remote
