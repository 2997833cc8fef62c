// OpenAI's embeddings request and response as JSON.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::remote {

struct EmbeddingsRequest {
  std::string model;
  std::size_t dimensions = 0;  ///< 0: left to the server
  bool base64 = true;
};

/// The body of a request. Throws Error{data} for a text that is not UTF-8.
[[nodiscard]] std::string request_json(const EmbeddingsRequest& request, std::span<const std::string> texts);

/// What a response holds: embeddings in the order of the request's texts, or why there are none.
struct EmbeddingsResponse {
  std::vector<std::vector<float>> embeddings;
  std::string error;               ///< empty where the response can be used
  bool is_cut_or_no_json = false;  ///< the error may pass: the response was truncated, or is an intermediary's page
};

/// Checks that there is one embedding for each of `count` texts, that "index" names each text once (a server that
/// leaves it out keeps the order), that all embeddings have `width` numbers, or where that is 0 equally many, and that
/// the numbers are finite.
[[nodiscard]] EmbeddingsResponse parse_response(std::string_view body, std::size_t count, std::size_t width);

/// What a server says of a failure, and its code for it if it gives one.
struct ServerError {
  std::string message;  ///< one line of at most 500 bytes; empty for an empty body
  std::string code;
};

/// Finds "error.message" and the like; the body's beginning where there is none. `secret` is blotted out.
[[nodiscard]] ServerError server_error(std::string_view body, std::string_view secret);

/// The text with each `secret` replaced by "[key]".
[[nodiscard]] std::string without_secret(std::string text, std::string_view secret);

}  // namespace w2s::remote
