#include "w2s/model.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <optional>

#include "engine/backend.h"
#include "engine/model_handle.h"
#include "w2s/base.h"

namespace w2s {
namespace {

std::string piece(const llama_vocab* vocab, llama_token token, bool with_control_tokens = true) {
  std::string text(32, '\0');
  const auto write = [&] {
    return llama_token_to_piece(vocab, token, text.data(), static_cast<std::int32_t>(text.size()), 0,
                                with_control_tokens);
  };
  auto length = write();
  if (length < 0) {
    text.resize(static_cast<std::size_t>(-length));
    length = write();
  }
  text.resize(static_cast<std::size_t>(std::max(length, 0)));
  return text;
}

std::string piece_if_any(const llama_vocab* vocab, llama_token token) {
  return token == LLAMA_TOKEN_NULL ? std::string() : piece(vocab, token);
}

std::optional<engine::ChatTemplate> chat_template_of(const llama_model* model, const llama_vocab* vocab,
                                                     const std::string& instead) {
  const char* own = llama_model_chat_template(model, nullptr);
  if (instead.empty() && own == nullptr) return std::nullopt;
  return engine::ChatTemplate(instead.empty() ? own : instead, piece_if_any(vocab, llama_vocab_bos(vocab)),
                              piece_if_any(vocab, llama_vocab_eos(vocab)));
}

// A template often writes the BOS that the tokenizer adds as well, and some tokenizers close a text with EOS.
void drop_extra_special_tokens(const llama_vocab* vocab, std::vector<Token>& tokens) {
  const llama_token bos = llama_vocab_bos(vocab);
  if (llama_vocab_get_add_bos(vocab) && tokens.size() > 1 && tokens[0] == bos && tokens[1] == bos)
    tokens.erase(tokens.begin());
  if (llama_vocab_get_add_eos(vocab) && !tokens.empty() && tokens.back() == llama_vocab_eos(vocab)) tokens.pop_back();
}

}  // namespace

Model Model::load(const std::filesystem::path& path, const ModelOptions& options) {
  add_rpc_servers(options.rpc_servers);
  auto handle = std::make_shared<engine::ModelHandle>();
  handle->path = path;
  handle->info = inspect_model(path);

  auto params = llama_model_default_params();
  params.n_gpu_layers = options.gpu_layers;
  params.use_extra_bufts = false;  // repacked weights round differently, and AMX crashes with this llama.cpp
  params.load_mode = options.use_mmap ? LLAMA_LOAD_MODE_MMAP : LLAMA_LOAD_MODE_NONE;
  const engine::LoggedErrors errors;
  handle->model.reset(llama_model_load_from_file(path.c_str(), params));
  if (!handle->model) {
    throw Error(ErrorKind::model,
                fmt::format("{}: cannot be loaded: {}", path.string(), errors.first_or("llama.cpp gives no reason")));
  }
  handle->info.layers = static_cast<std::size_t>(llama_model_n_layer(handle->model.get()));
  handle->info.on_gpu = llama_supports_gpu_offload() && options.gpu_layers != 0;
  handle->vocab = llama_model_get_vocab(handle->model.get());
  handle->chat_template = chat_template_of(handle->model.get(), handle->vocab, options.chat_template);
  handle->info.has_chat_template = handle->chat_template.has_value();
  return Model(std::move(handle));
}

const ModelInfo& Model::info() const noexcept { return handle_->info; }

const std::filesystem::path& Model::path() const noexcept { return handle_->path; }

std::vector<Token> Model::tokenize(std::string_view text) const {
  const auto length = static_cast<std::int32_t>(text.size());
  std::vector<Token> tokens(text.size() + 2);
  auto count = llama_tokenize(handle_->vocab, text.data(), length, tokens.data(),
                              static_cast<std::int32_t>(tokens.size()), true, true);
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = llama_tokenize(handle_->vocab, text.data(), length, tokens.data(), -count, true, true);
  }
  tokens.resize(static_cast<std::size_t>(count));
  drop_extra_special_tokens(handle_->vocab, tokens);
  return tokens;
}

std::string Model::text(std::span<const Token> tokens) const {
  std::string joined;
  for (const Token token : tokens) joined += piece(handle_->vocab, token);
  return joined;
}

std::string Model::visible_text(Token token) const { return piece(handle_->vocab, token, false); }

bool Model::is_end_of_generation(Token token) const { return llama_vocab_is_eog(handle_->vocab, token); }

std::string Model::chat_prompt(std::span<const ChatMessage> messages) const {
  if (!handle_->chat_template) return plain_text(messages);
  if (messages.empty() || messages.back().role != "assistant") return handle_->chat_template->render(messages);
  return handle_->chat_template->render(messages.first(messages.size() - 1)) + messages.back().content;
}

}  // namespace w2s
