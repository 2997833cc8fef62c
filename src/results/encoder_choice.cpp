#include "w2s/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <limits>

#include "remote/remote_embeddings.h"
#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

constexpr std::string_view gguf_prefix = "gguf:";
constexpr std::string_view remote_prefix = "remote:";
constexpr std::string_view gguf_suffix = ".gguf";
constexpr std::string_view best_name = "auto";
constexpr EmbeddingPooling poolings[] = {EmbeddingPooling::mean, EmbeddingPooling::cls, EmbeddingPooling::last};

// The text behind the last colon, and what is in front of it.
struct Suffixed {
  std::string_view front;
  std::string_view suffix;
};

std::optional<Suffixed> split_suffix(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  return Suffixed{text.substr(0, colon), text.substr(colon + 1)};
}

std::optional<EmbeddingPooling> pooling_of(std::string_view name) {
  const auto* found = std::ranges::find(poolings, name, [](EmbeddingPooling pooling) { return to_string(pooling); });
  return found == std::end(poolings) ? std::nullopt : std::optional(*found);
}

EncoderChoice parse_gguf(std::string_view text) {
  EncoderChoice choice{.kind = EncoderKind::gguf, .model = std::string(text), .pooling = {}};
  if (const auto parts = split_suffix(text)) {
    choice.pooling = pooling_of(parts->suffix);
    if (choice.pooling) choice.model = parts->front;
    if (!choice.pooling && parts->front.ends_with(gguf_suffix))
      static_cast<void>(parse_embedding_pooling(parts->suffix));  // says which there are
  }
  if (choice.model.empty())
    throw Error(ErrorKind::usage, fmt::format("encoder '{}{}' names no file: gguf:PATH.gguf", gguf_prefix, text));
  return choice;
}

EncoderChoice parse_remote(std::string_view text) {
  EncoderChoice choice{.kind = EncoderKind::remote, .model = std::string(text), .pooling = {}};
  const auto parts = split_suffix(text);
  const auto is_digit = [](char character) { return character >= '0' && character <= '9'; };
  if (parts && !parts->suffix.empty() && std::ranges::all_of(parts->suffix, is_digit)) {
    const auto* const end = parts->suffix.data() + parts->suffix.size();
    const auto [stop, error] = std::from_chars(parts->suffix.data(), end, choice.dimensions);
    if (error != std::errc{} || stop != end || choice.dimensions == 0) {
      throw Error(ErrorKind::usage,
                  fmt::format("encoder '{}{}': {} is no number of dimensions", remote_prefix, text, parts->suffix));
    }
    choice.model = parts->front;
  }
  if (choice.model.empty())
    throw Error(ErrorKind::usage, fmt::format("encoder '{}{}' names no model: remote:MODEL", remote_prefix, text));
  return choice;
}

bool is_layer_name(std::string_view name) try {
  static_cast<void>(parse_prompt_encoder(name, std::numeric_limits<std::size_t>::max()));
  return true;
} catch (const Error&) {
  return false;
}

std::string file_name(const std::string& path) {
  auto name = std::filesystem::path(path).filename().string();
  if (name.ends_with(gguf_suffix)) name.resize(name.size() - gguf_suffix.size());
  return name;
}

}  // namespace

EncoderChoice parse_encoder_choice(std::string_view name) {
  if (name == best_name) return {.kind = EncoderKind::best, .model = {}, .pooling = {}};
  if (name.starts_with(gguf_prefix)) return parse_gguf(name.substr(gguf_prefix.size()));
  if (name.starts_with(remote_prefix)) return parse_remote(name.substr(remote_prefix.size()));
  if (is_layer_name(name)) return {.kind = EncoderKind::own_layer, .model = std::string(name), .pooling = {}};
  throw Error(ErrorKind::usage,
              fmt::format("unknown prompt encoder '{}': use first-last, first-mean, middle-last, middle-mean, "
                          "layer<K>-last or layer<K>-mean with K from 0, gguf:FILE.gguf, remote:MODEL, or auto",
                          name));
}

std::string to_string(const EncoderChoice& choice) {
  auto in_any_folder = choice;
  if (choice.kind == EncoderKind::gguf) in_any_folder.model = file_name(choice.model);
  return with_path(in_any_folder);
}

std::string with_path(const EncoderChoice& choice) {
  switch (choice.kind) {
    case EncoderKind::best:
      return std::string(best_name);
    case EncoderKind::gguf:
      return fmt::format("{}{}{}", gguf_prefix, choice.model, choice.pooling ? ":" + to_string(*choice.pooling) : "");
    case EncoderKind::remote:
      return fmt::format("{}{}{}", remote_prefix, choice.model,
                         choice.dimensions > 0 ? fmt::format(":{}", choice.dimensions) : "");
    case EncoderKind::own_layer:
      break;
  }
  return choice.model;
}

bool embeds_text(const EncoderChoice& choice) {
  return choice.kind == EncoderKind::gguf || choice.kind == EncoderKind::remote;
}

bool is_choice(const EncoderChoice& choice, std::string_view encoder) {
  if (to_string(choice) == encoder) return true;
  if (choice.kind != EncoderKind::gguf || choice.pooling) return false;
  const auto parts = split_suffix(encoder);
  return parts && parts->front == to_string(choice) && pooling_of(parts->suffix);
}

std::unique_ptr<TextEncoder> open_text_encoder(const EncoderChoice& choice, const TextEncoderOptions& options) {
  if (choice.kind == EncoderKind::gguf) {
    EmbeddingModelOptions model_options;
    model_options.pooling = choice.pooling;
    model_options.threads = options.threads;
    model_options.gpu_layers = options.gpu_layers;
    return std::make_unique<EmbeddingModel>(choice.model, model_options);
  }
  if (choice.kind == EncoderKind::remote) {
    RemoteEmbeddingsOptions remote{OpenAiServerOptions::from_environment(choice.model)};
    remote.dimensions = choice.dimensions;
    return std::make_unique<RemoteEmbeddings>(std::move(remote));
  }
  throw Error(ErrorKind::usage,
              fmt::format("'{}' is no embedding model: use gguf:FILE.gguf or remote:MODEL", to_string(choice)));
}

}  // namespace w2s
