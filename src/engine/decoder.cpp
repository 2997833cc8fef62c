#include "w2s/decoding.h"

#include <fmt/format.h>
#include <llama.h>

#include <algorithm>
#include <exception>
#include <numeric>

#include "base/parallel.h"
#include "base/values.h"
#include "engine/backend.h"
#include "engine/decoder_count.h"
#include "engine/model_handle.h"
#include "engine/residual_tap.h"
#include "engine/steering_probe.h"
#include "w2s/base.h"

namespace w2s {
namespace {

struct FreeContext {
  void operator()(llama_context* context) const { llama_free(context); }
};

// llama_batch with the arrays it points to.
class TokenBatch {
 public:
  void add(const Row& row, bool output) {
    tokens_.push_back(row.token);
    positions_.push_back(row.position);
    first_sequence_.push_back(row.sequence);
    sequence_counts_.push_back(row.sequences);
    outputs_.push_back(output ? 1 : 0);
    ids_ = std::max(ids_, row.sequence + row.sequences);
  }

  [[nodiscard]] llama_batch view() {
    sequence_ids_.resize(static_cast<std::size_t>(ids_));
    std::iota(sequence_ids_.begin(), sequence_ids_.end(), 0);
    sequence_pointers_.clear();
    for (const auto first : first_sequence_) sequence_pointers_.push_back(sequence_ids_.data() + first);
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
  std::vector<llama_seq_id> first_sequence_;
  std::vector<std::int32_t> sequence_counts_;
  std::vector<std::int8_t> outputs_;
  std::vector<llama_seq_id> sequence_ids_;  // 0, 1, 2, ...: a row's sequences are a stretch of it
  std::vector<llama_seq_id*> sequence_pointers_;
  llama_seq_id ids_ = 0;
};

void refuse_what_cannot_be_steered(const engine::ModelHandle& handle) {
  const auto refuse = [&](std::string_view why) {
    throw Error(ErrorKind::model, fmt::format("{}: cannot be steered: {}", handle.path.string(), why));
  };
  const auto* model = handle.model.get();
  if (handle.info.is_embedding_model)
    refuse(fmt::format("'{}' is an embedding model, not a chat model", handle.info.architecture));
  if (llama_model_has_encoder(model) || !llama_model_has_decoder(model))
    refuse(fmt::format("architecture '{}' is not decoder-only", handle.info.architecture));
  if (llama_model_is_recurrent(model) || llama_model_is_hybrid(model))
    refuse(fmt::format("architecture '{}' is recurrent, its rows cannot share a prompt", handle.info.architecture));
  if (llama_model_is_diffusion(model))
    refuse(fmt::format("architecture '{}' is a diffusion model", handle.info.architecture));
}

std::size_t rounded_up(std::size_t value, std::size_t multiple) { return (value + multiple - 1) / multiple * multiple; }

}  // namespace

struct Decoder::State {
  State(const Model& loaded, const DecoderOptions& wanted) : model(loaded), options(wanted), tap(loaded.info().layers) {
    options.sequences = std::clamp<std::size_t>(options.sequences, 2, llama_max_parallel_sequences());
    options.rows_per_batch = std::max(options.rows_per_batch, options.sequences);  // llama.cpp asserts both
    options.context = rounded_up(std::max(options.context, options.rows_per_batch), 256);
    options.threads = static_cast<int>(thread_count(options.threads));

    auto params = llama_context_default_params();
    params.n_ctx = static_cast<std::uint32_t>(options.context);
    params.n_batch = static_cast<std::uint32_t>(options.rows_per_batch);
    params.n_ubatch = params.n_batch;  // one graph a decode: the tap's rows are the batch's rows
    params.n_seq_max = static_cast<std::uint32_t>(options.sequences);
    params.n_threads = options.threads;
    params.n_threads_batch = options.threads;
    params.flash_attn_type = LLAMA_FLASH_ATTN_TYPE_DISABLED;  // rounds keys and values even if they are F32
    params.type_k = params.type_v = options.f32_cache ? GGML_TYPE_F32 : GGML_TYPE_F16;
    params.kv_unified = true;
    params.swa_full = true;  // a sequence that is forgotten and decoded again still needs the cells outside the window
    params.no_perf = true;
    params.cb_eval = &engine::ResidualTap::callback;
    params.cb_eval_user_data = &tap;
    const engine::LoggedErrors errors;
    context.reset(llama_init_from_model(model.handle().model.get(), params));
    if (!context) {
      throw Error(ErrorKind::engine, fmt::format("{}: no context of {} tokens: {}", model.path().string(),
                                                 options.context, errors.first_or("out of memory?")));
    }
  }

  void check(const Batch& batch) const;
  void check_sequence(std::int32_t sequence) const;
  void check(const Edit& edit, const Batch& batch) const;
  void decode_rows(const Batch& batch, std::size_t begin, std::size_t end, const EditsOnTheWay& edits_on_the_way,
                   Decoded& decoded);
  void decide_on_the_way(const Batch& batch, const EditsOnTheWay& edits_on_the_way, const Decoded& decoded,
                         std::exception_ptr& failure);
  void prepare_tap(const Batch& batch, std::size_t begin, std::size_t end, std::vector<std::size_t> outputs,
                   Decoded& decoded);
  [[nodiscard]] std::vector<std::size_t> output_rows(const Batch& batch, std::size_t begin, std::size_t end) const;
  void read_logits(const Batch& batch, std::size_t begin, std::size_t end, Decoded& decoded) const;

  Model model;
  DecoderOptions options;
  engine::ResidualTap tap;  // the context's callback points to it
  std::unique_ptr<llama_context, FreeContext> context;
};

void Decoder::State::check(const Batch& batch) const {
  const auto& info = model.info();
  const auto vocabulary = llama_vocab_n_tokens(model.handle().vocab);
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  for (const auto& row : batch.rows) {
    if (row.token < 0 || row.token >= vocabulary) refuse(fmt::format("token {} is not in the vocabulary", row.token));
    if (row.sequence < 0 || row.sequences < 1 ||
        static_cast<std::size_t>(row.sequence) + static_cast<std::size_t>(row.sequences) > options.sequences)
      refuse(
          fmt::format("sequences {} to {} of {}", row.sequence, row.sequence + row.sequences - 1, options.sequences));
    if (row.position < 0) refuse(fmt::format("position {} is negative", row.position));
  }
  for (const Token token : batch.scored)
    if (token < 0 || token >= vocabulary) refuse(fmt::format("token {} is not in the vocabulary", token));
  for (const auto& edit : batch.edits) check(edit, batch);
  for (const auto& capture : batch.captures) {
    if (capture.row >= batch.rows.size())
      refuse(fmt::format("capture of row {} of {}", capture.row, batch.rows.size()));
    if (capture.layer >= info.layers)
      refuse(fmt::format("capture at layer {}, the model has {}", capture.layer, info.layers));
  }
}

void Decoder::State::check(const Edit& edit, const Batch& batch) const {
  const auto& info = model.info();
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (edit.row >= batch.rows.size()) refuse(fmt::format("edit of row {} of {}", edit.row, batch.rows.size()));
  if (edit.steering.layer >= info.layers)
    refuse(fmt::format("edit at layer {}, the model has {}", edit.steering.layer, info.layers));
  if (edit.steering.direction.size() != info.width)
    refuse(fmt::format("direction of width {}, the model has {}", edit.steering.direction.size(), info.width));
}

void Decoder::State::check_sequence(std::int32_t sequence) const {
  if (sequence < 0 || static_cast<std::size_t>(sequence) >= options.sequences)
    throw Error(ErrorKind::usage, fmt::format("sequence {} of {}", sequence, options.sequences));
}

// The last layer computes only rows whose output is asked for, so what is tapped there is asked for as well.
std::vector<std::size_t> Decoder::State::output_rows(const Batch& batch, std::size_t begin, std::size_t end) const {
  const std::size_t last_layer = model.info().layers - 1;
  std::vector<bool> output(end - begin, false);
  for (std::size_t row = begin; row < end; ++row) output[row - begin] = batch.rows[row].wants_logits;
  const auto ask = [&](std::size_t row, std::size_t layer) {
    if (layer == last_layer && row >= begin && row < end) output[row - begin] = true;
  };
  for (const auto& edit : batch.edits) ask(edit.row, edit.steering.layer);
  for (const auto& capture : batch.captures) ask(capture.row, capture.layer);
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i < output.size(); ++i)
    if (output[i]) rows.push_back(i);
  return rows;
}

void Decoder::State::prepare_tap(const Batch& batch, std::size_t begin, std::size_t end,
                                 std::vector<std::size_t> outputs, Decoded& decoded) {
  tap.begin(std::move(outputs), end - begin);
  for (auto edit : batch.edits) {
    if (edit.row < begin || edit.row >= end) continue;
    edit.row -= begin;
    tap.add_edit(edit);
  }
  for (std::size_t i = 0; i < batch.captures.size(); ++i) {
    const auto& capture = batch.captures[i];
    if (capture.row < begin || capture.row >= end) continue;
    tap.add_capture(capture.row - begin, capture.layer,
                    std::span(decoded.captured).subspan(i * decoded.width, decoded.width));
  }
}

void Decoder::State::read_logits(const Batch& batch, std::size_t begin, std::size_t end, Decoded& decoded) const {
  for (std::size_t row = begin; row < end; ++row) {
    if (!batch.rows[row].wants_logits) continue;
    const float* logits = llama_get_logits_ith(context.get(), static_cast<std::int32_t>(row - begin));
    if (logits == nullptr) throw Error(ErrorKind::engine, "llama.cpp returned no logits for a row");
    if (batch.scored.empty()) {
      decoded.logits.insert(decoded.logits.end(), logits, logits + decoded.scored);
      continue;
    }
    for (const Token token : batch.scored) decoded.logits.push_back(logits[token]);
  }
}

// No exception passes through llama.cpp: it is kept, and thrown when the decode has returned.
void Decoder::State::decide_on_the_way(const Batch& batch, const EditsOnTheWay& edits_on_the_way,
                                       const Decoded& decoded, std::exception_ptr& failure) {
  if (!edits_on_the_way) return;
  tap.set_edits_on_the_way([&](std::size_t layer) {
    std::vector<Edit> edits;
    if (failure) return edits;
    try {
      edits = edits_on_the_way(layer, decoded);
      for (const auto& edit : edits) {
        check(edit, batch);
        if (edit.steering.layer < layer)
          throw Error(ErrorKind::usage,
                      fmt::format("an edit at layer {} comes too late at {}", edit.steering.layer, layer));
        if (edit.steering.layer + 1 == model.info().layers && !batch.rows[edit.row].wants_logits)
          throw Error(ErrorKind::usage, "an edit at the last layer of a row without logits comes too late");
      }
    } catch (...) {
      failure = std::current_exception();
      edits.clear();
    }
    return edits;
  });
}

void Decoder::State::decode_rows(const Batch& batch, std::size_t begin, std::size_t end,
                                 const EditsOnTheWay& edits_on_the_way, Decoded& decoded) {
  auto outputs = output_rows(batch, begin, end);
  TokenBatch tokens;
  for (std::size_t row = begin; row < end; ++row)
    tokens.add(batch.rows[row], std::binary_search(outputs.begin(), outputs.end(), row - begin));
  prepare_tap(batch, begin, end, std::move(outputs), decoded);
  std::exception_ptr failure;
  decide_on_the_way(batch, edits_on_the_way, decoded, failure);

  const engine::LoggedErrors errors;
  const auto status = llama_decode(context.get(), tokens.view());
  tap.set_edits_on_the_way(nullptr);  // it refers to what lives only here
  if (failure) std::rethrow_exception(failure);
  if (status == 1) {
    throw Error(ErrorKind::engine, fmt::format("the context of {} tokens is full", options.context));
  }
  if (status != 0) {
    throw Error(ErrorKind::engine,
                fmt::format("llama.cpp could not decode (status {}): {}", status, errors.first_or("no reason given")));
  }
  read_logits(batch, begin, end, decoded);
}

std::size_t decoder_count(const ModelInfo& model, int threads) {
  constexpr std::size_t most = 4;
  return model.on_gpu ? 1 : std::min(thread_count(threads), most);
}

std::vector<Decoder> make_decoders(const Model& model, const DecoderOptions& options, std::size_t count) {
  const std::size_t threads = thread_count(options.threads);
  if (count == 0) count = decoder_count(model.info(), options.threads);
  auto own_options = options;
  own_options.threads = static_cast<int>(std::max<std::size_t>(threads / count, 1));
  std::vector<Decoder> decoders;
  decoders.reserve(count);
  for (std::size_t i = 0; i < count; ++i) decoders.emplace_back(model, own_options);
  return decoders;
}

Decoder::Decoder(const Model& model, const DecoderOptions& options) {
  refuse_what_cannot_be_steered(model.handle());
  state_ = std::make_unique<State>(model, options);
  engine::probe_steering(*this, state_->tap);
}

Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

const Model& Decoder::model() const noexcept { return state_->model; }

const DecoderOptions& Decoder::options() const noexcept { return state_->options; }

Decoded Decoder::decode(const Batch& batch) { return decode(batch, {}); }

Decoded Decoder::decode(const Batch& batch, const EditsOnTheWay& edits_on_the_way) {
  state_->check(batch);
  if (edits_on_the_way && batch.rows.size() > options().rows_per_batch) {
    throw Error(ErrorKind::usage, fmt::format("{} rows with edits on the way, {} go through the model together",
                                              batch.rows.size(), options().rows_per_batch));
  }
  Decoded decoded;
  decoded.width = model().info().width;
  decoded.scored = batch.scored.empty() ? static_cast<std::size_t>(llama_vocab_n_tokens(model().handle().vocab))
                                        : batch.scored.size();
  decoded.captured.resize(batch.captures.size() * decoded.width);
  for (std::size_t begin = 0; begin < batch.rows.size(); begin += options().rows_per_batch) {
    const std::size_t end = std::min(begin + options().rows_per_batch, batch.rows.size());
    state_->decode_rows(batch, begin, end, edits_on_the_way, decoded);
  }
  if (!all_finite(decoded.logits)) throw Error(ErrorKind::engine, "the model returned logits that are not finite");
  if (!all_finite(decoded.captured))
    throw Error(ErrorKind::engine, "the model's residual stream has values that are not finite");
  return decoded;
}

void Decoder::forget_from(std::int32_t position) {
  constexpr llama_seq_id every_sequence = -1;
  llama_memory_seq_rm(llama_get_memory(state_->context.get()), every_sequence, position, -1);
}

void Decoder::forget(std::int32_t sequence, std::int32_t position) {
  state_->check_sequence(sequence);
  llama_memory_seq_rm(llama_get_memory(state_->context.get()), sequence, position, -1);
}

void Decoder::share(std::int32_t from, std::int32_t to, std::int32_t begin, std::int32_t end) {
  state_->check_sequence(from);
  state_->check_sequence(to);
  if (begin >= end) return;  // llama.cpp reads an end of -1 as "all"
  llama_memory_seq_cp(llama_get_memory(state_->context.get()), from, to, begin, end);
}

void Decoder::wipe() { llama_memory_clear(llama_get_memory(state_->context.get()), true); }

void Decoder::clear() { llama_memory_clear(llama_get_memory(state_->context.get()), false); }

}  // namespace w2s
