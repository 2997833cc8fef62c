#include "serve/request_record.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <random>

namespace w2s::serve {
namespace {

// A path may be as long as a client likes.
constexpr std::size_t most_of_path = 256;

std::string as_utc(std::chrono::system_clock::time_point now) {
  const auto milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(milliseconds / 1000);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z", fmt::gmtime(seconds), milliseconds % 1000);
}

nlohmann::ordered_json to_json(const std::vector<AppliedSteering>& steering) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& one : steering) {
    nlohmann::ordered_json entry = {{"name", one.name}, {"layer", one.layer}, {"scale", one.scale}};
    if (one.confidence) entry["confidence"] = *one.confidence;
    list.push_back(std::move(entry));
  }
  return list;
}

}  // namespace

std::string make_request_id() {
  std::random_device device;
  return fmt::format("req-{:08x}{:08x}", device(), device());
}

std::string to_json_line(const RequestRecord& record, std::chrono::system_clock::time_point now) {
  nlohmann::ordered_json line = {{"time", as_utc(now)},
                                 {"id", record.id},
                                 {"remote", record.remote},
                                 {"method", record.method},
                                 {"path", record.path.substr(0, most_of_path)},
                                 {"status", record.status},
                                 {"milliseconds", std::llround(record.seconds() * 1000)}};
  if (!record.error.empty()) line["error"] = record.error;
  if (record.is_completion) {
    const auto& completion = record.completion;
    line["prompt_tokens"] = completion.prompt_tokens;
    line["completion_tokens"] = completion.completion_tokens;
    line["cached_tokens"] = completion.cached_tokens;
    line["steering"] = to_json(completion.steering);
    if (!completion.prompts.empty()) line["prompts"] = completion.prompts;
    if (!completion.answers.empty()) line["answers"] = completion.answers;
  }
  constexpr int on_one_line = -1;
  return line.dump(on_one_line, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace w2s::serve
