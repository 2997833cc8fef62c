#include "remote/embeddings_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <variant>

#include "base/base64.h"
#include "base/values.h"
#include "w2s/base.h"

namespace w2s::remote {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "embeddings in base64 are little-endian floats");

using EmbeddingOrError = std::variant<std::vector<float>, std::string>;

EmbeddingOrError embedding_of_base64(const std::string& text) {
  const auto bytes = decode_base64(text);
  if (!bytes || bytes->size() % sizeof(float) != 0) return "is not base64 of 32-bit numbers";
  std::vector<float> embedding(bytes->size() / sizeof(float));
  std::memcpy(embedding.data(), bytes->data(), bytes->size());
  return embedding;
}

EmbeddingOrError embedding_of_numbers(const json& numbers) {
  std::vector<float> embedding;
  embedding.reserve(numbers.size());
  for (const json& number : numbers) {
    if (!number.is_number()) return fmt::format("holds {} instead of a number", number.type_name());
    embedding.push_back(static_cast<float>(number.get<double>()));
  }
  return embedding;
}

EmbeddingOrError read_embedding(const json& entry, std::size_t width) {
  const auto field = entry.find("embedding");
  if (field == entry.end() || !(field->is_array() || field->is_string()))
    return "has no \"embedding\" of numbers or base64";
  auto read =
      field->is_string() ? embedding_of_base64(field->get_ref<const std::string&>()) : embedding_of_numbers(*field);
  const auto* embedding = std::get_if<std::vector<float>>(&read);
  if (embedding == nullptr) return read;
  if (embedding->empty()) return "is empty";
  if (width != 0 && embedding->size() != width)
    return fmt::format("has {} dimensions instead of {}", embedding->size(), width);
  if (!all_finite(*embedding)) return "holds a number that is not finite";
  return read;
}

std::optional<std::size_t> index_of(const json& entry, std::size_t position) {
  const auto field = entry.find("index");
  if (field == entry.end()) return position;
  if (!field->is_number_unsigned()) return std::nullopt;
  return field->get<std::size_t>();
}

EmbeddingsResponse failed(std::string error) { return {.embeddings = {}, .error = std::move(error)}; }

std::string first_text(const json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto field = object.find(key);
    if (field != object.end() && field->is_string()) return field->get<std::string>();
  }
  return {};
}

// Cut only before a character's first byte.
std::string one_line(std::string_view text) {
  constexpr std::size_t longest = 500;
  std::size_t end = std::min(text.size(), longest);
  const auto continues = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0U) == 0x80U; };
  while (end < text.size() && end > 0 && continues(end)) --end;
  std::string line(text.substr(0, end));
  for (char& letter : line) {
    const auto byte = static_cast<unsigned char>(letter);
    if (byte < 0x20 || byte == 0x7f) letter = ' ';
  }
  return line;
}

}  // namespace

std::string request_json(const EmbeddingsRequest& request, std::span<const std::string> texts) {
  json body = {{"model", request.model}, {"encoding_format", request.base64 ? "base64" : "float"}};
  if (request.dimensions != 0) body["dimensions"] = request.dimensions;
  json& input = body["input"] = json::array();
  for (const std::string& text : texts) input.push_back(text);
  try {
    return body.dump();
  } catch (const json::type_error&) {
    throw Error(ErrorKind::data, "a text to be embedded, or the model's name, is not UTF-8");
  }
}

EmbeddingsResponse parse_response(std::string_view body, std::size_t count, std::size_t width) {
  const json response = json::parse(body, nullptr, false);
  if (response.is_discarded())
    return {.embeddings = {}, .error = "the answer is not JSON, or was cut off", .is_cut_or_no_json = true};
  const auto data = response.find("data");
  if (data == response.end() || !data->is_array()) return failed("the answer has no list \"data\"");
  if (data->size() != count) return failed(fmt::format("{} embeddings for {} texts", data->size(), count));

  std::vector<std::vector<float>> embeddings(count);
  for (std::size_t position = 0; position < count; ++position) {
    const json& entry = (*data)[position];
    const auto index = index_of(entry, position);
    if (!index || *index >= count) return failed(fmt::format("entry {} of \"data\" has no valid \"index\"", position));
    if (!embeddings[*index].empty()) return failed(fmt::format("two embeddings have the index {}", *index));
    auto read = read_embedding(entry, width);
    if (const auto* error = std::get_if<std::string>(&read))
      return failed(fmt::format("the embedding of index {} {}", *index, *error));
    embeddings[*index] = std::move(std::get<std::vector<float>>(read));
    width = embeddings[*index].size();
  }
  return {.embeddings = std::move(embeddings), .error = {}};
}

ServerError server_error(std::string_view body, std::string_view secret) {
  const json answer = json::parse(body, nullptr, false);
  ServerError error;
  if (answer.is_object()) {
    const auto nested = answer.find("error");
    const json& object = nested != answer.end() && nested->is_object() ? *nested : answer;
    error.message = first_text(object, {"message", "error", "detail"});
    error.code = first_text(object, {"code", "type"});
  }
  if (error.message.empty()) error.message = body;
  error.message = one_line(without_secret(std::move(error.message), secret));
  return error;
}

std::string without_secret(std::string text, std::string_view secret) {
  constexpr std::string_view blot = "[key]";
  if (secret.empty()) return text;
  for (std::size_t at = text.find(secret); at != std::string::npos; at = text.find(secret, at + blot.size()))
    text.replace(at, secret.size(), blot);
  return text;
}

}  // namespace w2s::remote
