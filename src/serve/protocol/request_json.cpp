#include "serve/protocol/request_json.h"

#include <fmt/format.h>

#include "data/text.h"

namespace w2s::serve {
namespace {

using nlohmann::json;

constexpr std::size_t longest_quotation = 64;
std::string sentence(const std::string& path, std::string_view problem) {
  return fmt::format("{} {}", path.empty() ? "the body" : path, problem);
}

}  // namespace

json parse_json(std::string_view body, std::size_t nesting) {
  const std::size_t valid = data::valid_utf8_prefix(body);
  if (valid < body.size()) throw invalid_request(fmt::format("the body is not UTF-8: see byte {}", valid + 1));
  const auto check_depth = [&](int depth, json::parse_event_t event, const json&) {
    const bool begins = event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (begins && static_cast<std::size_t>(depth) >= nesting)
      throw invalid_request(fmt::format("the body's arrays and objects are nested deeper than {}", nesting));
    return true;
  };
  try {
    return json::parse(body, check_depth);
  } catch (const json::parse_error& error) {
    throw invalid_request(fmt::format("the body is not JSON: see byte {}", error.byte));
  } catch (const json::out_of_range&) {
    throw invalid_request("the body has a number that is too large");
  }
}

std::string quote(std::string_view text) {
  if (text.size() <= longest_quotation) return fmt::format("'{}'", text);
  const auto beginning = text.substr(0, longest_quotation);
  return fmt::format("'{}...'", beginning.substr(0, data::valid_utf8_prefix(beginning)));
}

JsonValue request_value(const json& document) {
  return {document, [](const JsonProblem& found) {
            const auto text = sentence(found.path, found.problem);
            if (found.is_missing) throw invalid_request(text, found.path, "missing_parameter");
            throw invalid_request(text, found.path);
          }};
}

void refuse(const JsonValue& field, std::string_view problem) {
  throw unsupported(sentence(field.path(), problem), field.path());
}

}  // namespace w2s::serve
