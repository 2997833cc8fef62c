#include "w2s/model.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "base/values.h"
#include "engine/backend.h"
#include "engine/model_handle.h"
#include "w2s/base.h"

namespace w2s {
namespace {

struct PoolingName {
  EmbeddingPooling pooling;
  enum llama_pooling_type type;  // the function has the same name
  std::string_view name;
};

constexpr std::array<PoolingName, 3> poolings = {{
    {EmbeddingPooling::mean, LLAMA_POOLING_TYPE_MEAN, "mean"},
    {EmbeddingPooling::cls, LLAMA_POOLING_TYPE_CLS, "cls"},
    {EmbeddingPooling::last, LLAMA_POOLING_TYPE_LAST, "last"},
}};

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

using Tokens = std::vector<Token>;

[[noreturn]] void refuse(const Model& model, std::string_view why) {
  throw Error(ErrorKind::model, fmt::format("{}: cannot embed texts: {}", model.path().string(), why));
}

void refuse_other_kinds(const Model& model) {
  const auto& handle = model.handle();
  const llama_model* weights = handle.model.get();
  if (llama_vocab_type(handle.vocab) == LLAMA_VOCAB_TYPE_NONE) refuse(model, "it has no tokenizer");
  if (llama_model_has_encoder(weights) && llama_model_has_decoder(weights))
    refuse(model, fmt::format("architecture '{}' is an encoder with a decoder", handle.info.architecture));
  if (llama_model_is_recurrent(weights) || llama_model_is_hybrid(weights))
    refuse(model, fmt::format("architecture '{}' is recurrent", handle.info.architecture));
}

std::string stated_pooling(const Model& model) {
  std::array<char, 32> value{};
  const auto key = model.info().architecture + ".pooling_type";
  const auto length = llama_model_meta_val_str(model.handle().model.get(), key.c_str(), value.data(), value.size());
  return length < 0 ? std::string() : std::string(value.data());
}

// Read before there is a context: making one asserts that the number is known.
EmbeddingPooling pooling_of(const Model& model) {
  const std::string stated = stated_pooling(model);
  for (const auto& [pooling, type, name] : poolings) {
    if (stated == std::to_string(static_cast<int>(type))) return pooling;
  }
  if (stated == std::to_string(static_cast<int>(LLAMA_POOLING_TYPE_RANK))) refuse(model, "it is a reranker");
  if (model.info().has_chat_template)
    refuse(model, "it is a chat model; use its own layers as encoder, or choose a pooling: mean or last");
  refuse(model, "its file does not say how it pools tokens; choose a pooling: mean, cls or last");
}

enum llama_pooling_type type_of(EmbeddingPooling pooling) {
  return std::ranges::find(poolings, pooling, &PoolingName::pooling)->type;
}

Tokens tokenize(const llama_vocab* vocab, const std::string& text) {
  constexpr bool add_special = true;
  constexpr bool parse_special = false;
  const auto length = static_cast<std::int32_t>(text.size());
  Tokens tokens(text.size() + 2);
  auto count = llama_tokenize(vocab, text.data(), length, tokens.data(), static_cast<std::int32_t>(tokens.size()),
                              add_special, parse_special);
  if (count < 0) {
    tokens.resize(static_cast<std::size_t>(-count));
    count = llama_tokenize(vocab, text.data(), length, tokens.data(), -count, add_special, parse_special);
  }
  tokens.resize(static_cast<std::size_t>(std::max(count, 0)));
  return tokens;
}

// Several texts, each a sequence of its own, as llama.cpp wants them.
class SequenceBatch {
 public:
  explicit SequenceBatch(std::span<const Tokens> texts) {
    sequences_.resize(texts.size());
    for (std::size_t i = 0; i < texts.size(); ++i) sequences_[i] = static_cast<llama_seq_id>(i);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      for (std::size_t position = 0; position < texts[i].size(); ++position) {
        tokens_.push_back(texts[i][position]);
        positions_.push_back(static_cast<llama_pos>(position));
        sequence_pointers_.push_back(&sequences_[i]);
      }
    }
    sequence_counts_.assign(tokens_.size(), 1);
    outputs_.assign(tokens_.size(), 1);
  }

  [[nodiscard]] llama_batch view() {
    return {.n_tokens = static_cast<std::int32_t>(tokens_.size()),
            .token = tokens_.data(),
            .embd = nullptr,
            .pos = positions_.data(),
            .n_seq_id = sequence_counts_.data(),
            .seq_id = sequence_pointers_.data(),
            .logits = outputs_.data()};
  }

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<llama_seq_id> sequences_;
  std::vector<llama_seq_id*> sequence_pointers_;
  std::vector<std::int32_t> sequence_counts_;
  std::vector<std::int8_t> outputs_;
};

}  // namespace

std::string to_string(EmbeddingPooling pooling) {
  return std::string(std::ranges::find(poolings, pooling, &PoolingName::pooling)->name);
}

EmbeddingPooling parse_embedding_pooling(std::string_view name) {
  const auto* found = std::ranges::find(poolings, name, &PoolingName::name);
  if (found != poolings.end()) return found->pooling;
  throw Error(ErrorKind::usage, fmt::format("unknown pooling \"{}\": mean, cls or last", name));
}

struct EmbeddingModel::State {
  State(const std::filesystem::path& path, const EmbeddingModelOptions& wanted);

  [[nodiscard]] std::vector<Tokens> tokenize_all(std::span<const std::string> texts, const Job& job) const;
  void make_context(std::size_t tokens);
  [[nodiscard]] std::size_t batch_size(std::span<const Tokens> texts) const;
  void encode_batch(std::span<const Tokens> texts, std::vector<std::vector<float>>& embeddings) const;

  Model model;
  EmbeddingModelOptions options;
  std::size_t width;
  std::size_t longest;  // tokens of a text
  std::unique_ptr<llama_context, FreeContext> context;
  std::size_t context_tokens = 0;
  EmbeddingPooling pooling{};
  std::string hash;  // of the file, once it was asked for
};

EmbeddingModel::State::State(const std::filesystem::path& path, const EmbeddingModelOptions& wanted)
    : model(Model::load(path, {.gpu_layers = wanted.gpu_layers, .chat_template = {}})),
      options(wanted),
      width(static_cast<std::size_t>(llama_model_n_embd_out(model.handle().model.get()))),
      longest(std::min(wanted.most_tokens, model.info().training_context)) {
  constexpr std::size_t fewest_tokens = 3;  // one between the two that a tokenizer puts around a text
  refuse_other_kinds(model);
  if (options.most_tokens < fewest_tokens)
    throw Error(ErrorKind::usage, fmt::format("texts of at most {} tokens", options.most_tokens));
  if (longest < fewest_tokens) refuse(model, fmt::format("its context is {} tokens", longest));
  options.threads = static_cast<int>(thread_count(options.threads));
  options.texts_per_batch = std::clamp<std::size_t>(options.texts_per_batch, 1, llama_max_parallel_sequences());
  pooling = options.pooling ? *options.pooling : pooling_of(model);
  constexpr std::size_t usual_batch = 512;
  make_context(usual_batch);
}

std::vector<Tokens> EmbeddingModel::State::tokenize_all(std::span<const std::string> texts, const Job& job) const {
  const llama_vocab* vocab = model.handle().vocab;
  const bool has_closing_token = llama_vocab_get_add_sep(vocab) || llama_vocab_get_add_eos(vocab);
  std::vector<Tokens> tokenized;
  tokenized.reserve(texts.size());
  std::size_t cut = 0;
  for (const std::string& text : texts) {
    Tokens tokens = tokenize(vocab, text);
    if (tokens.empty())
      throw Error(ErrorKind::data, fmt::format("text {} of {} has no tokens", tokenized.size() + 1, texts.size()));
    if (tokens.size() > longest) {
      const Token closing = tokens.back();
      tokens.resize(longest);
      if (has_closing_token) tokens.back() = closing;
      ++cut;
    }
    tokenized.push_back(std::move(tokens));
  }
  if (cut > 0)
    job.warn(fmt::format("{} of {} texts are longer than the {} tokens that {} embeds: the rest was cut off", cut,
                         texts.size(), longest, model.path().filename().string()));
  return tokenized;
}

void EmbeddingModel::State::make_context(std::size_t tokens) {
  auto params = llama_context_default_params();
  params.embeddings = true;
  params.n_ctx = static_cast<std::uint32_t>(tokens);
  params.n_batch = params.n_ctx;
  params.n_ubatch = params.n_ctx;  // pooling and attention in both directions see a whole sequence at once
  params.n_seq_max = static_cast<std::uint32_t>(std::min(options.texts_per_batch, tokens));
  params.kv_unified = true;
  params.n_threads = options.threads;
  params.n_threads_batch = options.threads;
  params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;  // rounds keys and values even if they are F32
  params.type_k = params.type_v = GGML_TYPE_F32;
  params.no_perf = true;
  params.pooling_type = type_of(pooling);

  const engine::LoggedErrors errors;
  context.reset();
  context.reset(llama_init_from_model(model.handle().model.get(), params));
  if (!context) {
    throw Error(ErrorKind::engine, fmt::format("{}: no context of {} tokens: {}", model.path().string(), tokens,
                                               errors.first_or("out of memory?")));
  }
  context_tokens = tokens;
}

std::size_t EmbeddingModel::State::batch_size(std::span<const Tokens> texts) const {
  std::size_t tokens = 0;
  std::size_t count = 0;
  while (count < std::min(texts.size(), options.texts_per_batch)) {
    tokens += texts[count].size();
    if (tokens > context_tokens) break;
    ++count;
  }
  return count;
}

void EmbeddingModel::State::encode_batch(std::span<const Tokens> texts,
                                         std::vector<std::vector<float>>& embeddings) const {
  SequenceBatch batch(texts);
  const engine::LoggedErrors errors;
  auto* const memory = llama_get_memory(context.get());
  if (memory != nullptr) llama_memory_clear(memory, false);
  const int status =
      memory != nullptr ? llama_decode(context.get(), batch.view()) : llama_encode(context.get(), batch.view());
  if (status != 0) {
    throw Error(ErrorKind::engine, fmt::format("{}: llama.cpp could not embed (status {}): {}", model.path().string(),
                                               status, errors.first_or("no reason given")));
  }
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const float* values = llama_get_embeddings_seq(context.get(), static_cast<llama_seq_id>(i));
    if (values == nullptr) throw Error(ErrorKind::engine, "llama.cpp returned no embedding of a text");
    embeddings.emplace_back(values, values + width);
    if (!all_finite(embeddings.back())) {
      throw Error(ErrorKind::engine,
                  fmt::format("{}: an embedding has values that are not finite", model.path().string()));
    }
  }
}

EmbeddingModel::EmbeddingModel(const std::filesystem::path& path, const EmbeddingModelOptions& options)
    : state_(std::make_unique<State>(path, options)) {}

EmbeddingModel::~EmbeddingModel() = default;

std::string EmbeddingModel::name() const {
  return fmt::format("gguf:{}:{}", state_->model.path().stem().string(), to_string(state_->pooling));
}

std::string EmbeddingModel::identity() const {
  if (state_->hash.empty()) state_->hash = sha256_of_file(state_->model.path());
  return fmt::format("{} {}", name(), state_->hash);
}

std::size_t EmbeddingModel::width() const { return state_->width; }

EmbeddingPooling EmbeddingModel::pooling() const { return state_->pooling; }

std::vector<std::vector<float>> EmbeddingModel::encode(std::span<const std::string> texts, const Job& job) {
  const auto tokenized = state_->tokenize_all(texts, job);
  std::size_t longest = 0;
  for (const Tokens& tokens : tokenized) longest = std::max(longest, tokens.size());
  if (longest > state_->context_tokens) state_->make_context(longest);

  std::vector<std::vector<float>> embeddings;
  embeddings.reserve(texts.size());
  for (std::span<const Tokens> left = tokenized; !left.empty();) {
    job.check_stop();
    const std::size_t count = state_->batch_size(left);
    state_->encode_batch(left.first(count), embeddings);
    left = left.subspan(count);
    job.report({.stage = "embeddings", .done = embeddings.size(), .total = texts.size(), .unit = "texts"});
  }
  return embeddings;
}

}  // namespace w2s
