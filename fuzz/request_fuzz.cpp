// Whatever the body of a request is: it is read, or refused with a 400, and either can be answered in JSON. For
// libFuzzer:
//   clang++ -std=c++20 -g -O1 -fsanitize=fuzzer,address,undefined -Iinclude -Isrc fuzz/request_fuzz.cpp
//     src/serve/protocol/{api_error,json_field,steering_field,completion_options,requests,scored_tokens,responses}.cpp
//     src/remote/base64.cpp src/data/text.cpp src/generate/layer_choice.cpp -lfmt -o request_fuzz
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "serve/protocol/requests.h"
#include "serve/protocol/responses.h"

namespace {

void require(bool is_so) {
  if (!is_so) std::abort();
}

void check_error(const w2s::serve::ApiError& error) {
  require(error.status() == 400);
  require(nlohmann::json::parse(w2s::serve::to_json(error))["error"]["message"] == error.what());
}

void check_options(const w2s::serve::CompletionOptions& options) {
  const w2s::serve::RequestLimits limits;
  require(options.choices >= 1 && options.choices <= limits.choices);
  require(options.stop.size() <= limits.stop_strings);
  require(options.steering.size() <= limits.steerings);
  require(!options.include_usage || options.stream);
}

template <typename Parse>
void try_parsing(const Parse& parse) {
  try {
    parse();
  } catch (const w2s::serve::ApiError& error) {
    check_error(error);
  }
}

// The bytes as what a model says.
void check_answer(std::string_view bytes) {
  using w2s::serve::CompletionKind;
  for (const auto kind : {CompletionKind::chat, CompletionKind::text}) {
    const w2s::serve::CompletionWriter writer({.kind = kind, .id = "1", .model = "m"});
    const w2s::serve::TokenScore score{.bytes = std::string(bytes), .log_probability = -1};
    const auto chunk = writer.text_chunk(0, bytes, {{{.chosen = score, .most_likely = {score}}}});
    require(chunk.find('\n') == std::string::npos);
    require(nlohmann::json::accept(chunk));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(bytes), size);
  try_parsing([&] { check_options(w2s::serve::parse_chat_request(body).options); });
  try_parsing([&] { check_options(w2s::serve::parse_text_request(body).options); });
  try_parsing([&] { require(!w2s::serve::parse_embeddings_request(body).inputs.empty()); });
  check_answer(body);
  return 0;
}
