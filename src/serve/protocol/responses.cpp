#include "serve/protocol/responses.h"

#include <fmt/format.h>

#include <random>

#include "base/base64.h"
#include "serve/protocol/response_json.h"

namespace w2s::serve {
namespace {

// A generation that was cut short, for whatever reason, has not said all it would have.
std::string_view finish_reason(FinishReason reason) { return reason == FinishReason::stop ? "stop" : "length"; }

ResponseJson to_json(const SteeringEcho& echo) {
  auto applied = ResponseJson::array();
  for (const auto& one : echo.applied) {
    applied.push_back({{"name", one.name},
                       {"layer", one.layer},
                       {"scale", one.scale},
                       {"confidence", one.confidence ? ResponseJson(*one.confidence) : ResponseJson()}});
  }
  auto predicted = ResponseJson::array();
  for (const auto& one : echo.predicted)
    predicted.push_back({{"name", one.name}, {"layers", one.layers}, {"probabilities", one.probabilities}});
  return {{"applied", std::move(applied)}, {"predicted", std::move(predicted)}};
}

std::string_view bytes_of(std::span<const float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size_bytes()};
}

ResponseJson to_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens},
          {"prompt_tokens_details", {{"cached_tokens", usage.cached_tokens}}}};
}

ResponseJson to_json(CompletionKind kind, const std::optional<std::vector<ScoredToken>>& scores) {
  if (!scores) return nullptr;
  return kind == CompletionKind::chat ? chat_log_probabilities(*scores) : text_log_probabilities(*scores);
}

ResponseJson to_json(CompletionKind kind, const Choice& choice) {
  ResponseJson json{{"index", choice.index}};
  if (kind == CompletionKind::chat) {
    json["message"] = {{"role", "assistant"}, {"content", choice.text}, {"refusal", nullptr}};
  } else {
    json["text"] = choice.text;
  }
  json["logprobs"] = to_json(kind, choice.scores);
  json["finish_reason"] = finish_reason(choice.reason);
  if (choice.steering) json["steering"] = to_json(*choice.steering);
  return json;
}

ResponseJson to_json(const CompletionHead& head, std::string_view object) {
  return {{"id", head.id}, {"object", object}, {"created", head.created}, {"model", head.model}};
}

ResponseJson chunk_of(const CompletionHead& head) {
  return to_json(head, head.kind == CompletionKind::chat ? "chat.completion.chunk" : "text_completion");
}

// What is new in one choice; `delta` is a chat's.
struct ChoiceNews {
  std::size_t index = 0;
  ResponseJson delta = ResponseJson::object();
  std::string_view text = {};
  ResponseJson log_probabilities = nullptr;
  ResponseJson finish_reason = nullptr;
};

ResponseJson chunk_of(const CompletionHead& head, bool include_usage, ChoiceNews news) {
  auto chunk = chunk_of(head);
  ResponseJson choice{{"index", news.index}};
  if (head.kind == CompletionKind::chat) {
    choice["delta"] = std::move(news.delta);
  } else {
    choice["text"] = news.text;
  }
  choice["logprobs"] = std::move(news.log_probabilities);
  choice["finish_reason"] = std::move(news.finish_reason);
  chunk["choices"] = ResponseJson::array({std::move(choice)});
  if (include_usage) chunk["usage"] = nullptr;
  return chunk;
}

ResponseJson to_json(const ModelEntry& model) {
  return {{"id", model.id}, {"object", "model"}, {"created", model.created}, {"owned_by", model.owned_by}};
}

}  // namespace

std::string make_completion_id(CompletionKind kind) {
  std::random_device random;
  return fmt::format("{}-{:08x}{:08x}{:08x}{:08x}", kind == CompletionKind::chat ? "chatcmpl" : "cmpl", random(),
                     random(), random(), random());
}

std::string CompletionWriter::whole(std::span<const Choice> choices, const Usage& usage,
                                    const std::optional<SteeringEcho>& steering) const {
  auto json = to_json(head_, head_.kind == CompletionKind::chat ? "chat.completion" : "text_completion");
  auto& list = json["choices"] = ResponseJson::array();
  for (const auto& choice : choices) list.push_back(to_json(head_.kind, choice));
  json["usage"] = to_json(usage);
  if (steering) json["steering"] = to_json(*steering);
  return dump(json);
}

std::string CompletionWriter::first_chunk(std::size_t index, const std::optional<SteeringEcho>& steering) const {
  auto chunk = chunk_of(head_, include_usage_, {.index = index, .delta = {{"role", "assistant"}, {"content", ""}}});
  if (steering) chunk["steering"] = to_json(*steering);
  return dump(chunk);
}

std::string CompletionWriter::text_chunk(std::size_t index, std::string_view text,
                                         const std::optional<std::vector<ScoredToken>>& scores) const {
  return dump(chunk_of(
      head_, include_usage_,
      {.index = index, .delta = {{"content", text}}, .text = text, .log_probabilities = to_json(head_.kind, scores)}));
}

std::string CompletionWriter::last_chunk(std::size_t index, FinishReason reason) const {
  return dump(chunk_of(head_, include_usage_, {.index = index, .finish_reason = finish_reason(reason)}));
}

std::string CompletionWriter::usage_chunk(const Usage& usage) const {
  auto chunk = chunk_of(head_);
  chunk["choices"] = ResponseJson::array();
  chunk["usage"] = to_json(usage);
  return dump(chunk);
}

std::string server_sent_event(std::string_view json) { return fmt::format("data: {}\n\n", json); }

std::string models_json(std::span<const ModelEntry> models) {
  auto data = ResponseJson::array();
  for (const auto& model : models) data.push_back(to_json(model));
  return dump({{"object", "list"}, {"data", std::move(data)}});
}

std::string model_json(const ModelEntry& model) { return dump(to_json(model)); }

std::string embeddings_json(const std::string& model, std::span<const std::vector<float>> embeddings, bool base64,
                            std::size_t prompt_tokens) {
  auto data = ResponseJson::array();
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    data.push_back(
        {{"object", "embedding"},
         {"index", i},
         {"embedding", base64 ? ResponseJson(encode_base64(bytes_of(embeddings[i]))) : ResponseJson(embeddings[i])}});
  }
  return dump({{"object", "list"},
               {"data", std::move(data)},
               {"model", model},
               {"usage", {{"prompt_tokens", prompt_tokens}, {"total_tokens", prompt_tokens}}}});
}

}  // namespace w2s::serve
