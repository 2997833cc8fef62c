#include "w2s/study.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/values.h"
#include "results/embeddings_file.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// So many texts are lost at most by an interruption, and sent to a server in one request.
constexpr std::size_t texts_per_chunk = 64;
constexpr const char* origin_key = "w2s.origin";

// What is to be embedded of one variant.
struct Prompts {
  PromptVariant variant = PromptVariant::base;
  std::vector<std::size_t> samples;
  std::vector<std::string> texts;
};

std::vector<std::size_t> samples_of(PromptVariant variant, const Behavior& behavior, const Split& split) {
  if (variant != PromptVariant::base) return split.test;
  std::vector<std::size_t> all(behavior.samples.size());
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = i;
  return all;
}

std::vector<Prompts> prompts_of(const Behavior& behavior, const Split& split, std::span<const PromptVariant> variants) {
  std::vector<Prompts> all;
  for (const auto variant : variants) {
    auto& prompts = all.emplace_back();
    prompts.variant = variant;
    prompts.samples = samples_of(variant, behavior, split);
    for (const std::size_t sample : prompts.samples)
      prompts.texts.push_back(plain_text(conversation(behavior, behavior.samples[sample], variant)));
  }
  return all;
}

// The embeddings of texts, taken chunk by chunk from a work folder or from the encoder.
class Embedder {
 public:
  Embedder(TextEncoder& encoder, std::string identity, fs::path work_folder, std::size_t total, const Job& job)
      : encoder_(&encoder),
        identity_(std::move(identity)),
        work_folder_(std::move(work_folder)),
        stage_(fmt::format("embeddings {}", encoder.name())),
        total_(total),
        job_(&job) {}

  /// Of all texts so far; 0 before the first.
  [[nodiscard]] std::size_t width() const { return width_; }

  /// [texts][width]
  [[nodiscard]] std::vector<float> embed(const Prompts& prompts) {
    const auto texts = std::span(prompts.texts);
    std::vector<float> values;
    for (std::size_t begin = 0; begin < texts.size(); begin += texts_per_chunk) {
      const auto chunk = texts.subspan(begin, std::min(texts_per_chunk, texts.size() - begin));
      const auto path = work_folder_ / fmt::format("{}-{}.gguf", to_string(prompts.variant), begin / texts_per_chunk);
      auto rows = read_chunk(path, chunk);
      if (rows) {
        resumed_ += chunk.size();
      } else {
        rows = encode_chunk(chunk);
        write_tensor_file(path, {.metadata = {{origin_key, origin_of(chunk)}},
                                 .tensors = {{"embeddings", {.shape = {chunk.size(), width_}, .values = *rows}}}});
      }
      done_ += chunk.size();
      report(0, 0);
      values.insert(values.end(), rows->begin(), rows->end());
    }
    return values;
  }

 private:
  // What a chunk's numbers come from: the work folder may be that of other data.
  [[nodiscard]] std::string origin_of(std::span<const std::string> texts) const {
    std::string origin = identity_;
    for (const auto& text : texts) origin += "|" + sha256(text);
    return sha256(origin);
  }

  [[nodiscard]] std::optional<std::vector<float>> read_chunk(const fs::path& path, std::span<const std::string> texts) {
    if (!fs::exists(path)) return std::nullopt;
    try {
      auto file = read_tensor_file(path);
      const auto origin = file.metadata.find(origin_key);
      if (origin == file.metadata.end() || origin->second != MetadataValue(origin_of(texts))) return std::nullopt;
      auto& values = file.tensors["embeddings"].values;
      if (values.empty() || values.size() % texts.size() != 0) return std::nullopt;
      set_width(values.size() / texts.size());
      return std::move(values);
    } catch (const Error& error) {
      if (error.kind() == ErrorKind::data) return std::nullopt;  // damaged: embedded again
      throw;
    }
  }

  [[nodiscard]] std::vector<float> encode_chunk(std::span<const std::string> texts) {
    job_->check_stop();
    Job own = *job_;
    own.on_progress = [&](const Progress& progress) {
      if (progress.done < texts.size()) report(progress.done, progress.resumed);
    };
    std::vector<float> values;
    for (const auto& embedding : encoder_->encode(texts, own)) {
      set_width(embedding.size());
      if (!all_finite(embedding))
        throw Error(ErrorKind::engine, fmt::format("{}: an embedding is not finite", encoder_->name()));
      values.insert(values.end(), embedding.begin(), embedding.end());
    }
    return values;
  }

  void set_width(std::size_t width) {
    if (width_ == 0) width_ = width;
    if (width_ == width && width > 0) return;
    throw Error(ErrorKind::engine,
                fmt::format("{}: an embedding of width {} after some of {}", encoder_->name(), width, width_));
  }

  // Those of the chunk under way, beside all before it.
  void report(std::size_t done, std::size_t resumed) const {
    job_->report(
        {.stage = stage_, .done = done_ + done, .total = total_, .resumed = resumed_ + resumed, .unit = "prompts"});
  }

  TextEncoder* encoder_;
  std::string identity_;
  fs::path work_folder_;
  std::string stage_;
  std::size_t total_;
  const Job* job_;
  std::size_t width_ = 0;
  std::size_t done_ = 0;
  std::size_t resumed_ = 0;
};

void check_is_same(const fs::path& path, const EmbeddingsFile& there, const EmbeddingsFile& wanted) {
  const auto refuse = [&](const std::string& why) {
    throw Error(ErrorKind::results, fmt::format("{}: {}", path.string(), why));
  };
  if (there.encoder != wanted.encoder)
    refuse(fmt::format("is of the encoder {}, not {}; move it away", there.encoder, wanted.encoder));
  if (there.data != wanted.data) refuse("was made from other data; use the same data or another folder");
  if (there.identity != wanted.identity)
    refuse(fmt::format("was made by another model called {}; delete it to embed the prompts again", there.encoder));
}

bool has(const EmbeddingsFile& file, const Prompts& prompts) {
  const auto found = file.variants.find(prompts.variant);
  return found != file.variants.end() && found->second.samples == prompts.samples;
}

fs::path make_work_folder(const fs::path& file) {
  auto folder = file;
  folder.replace_extension(".parts");
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (failure)
    throw Error(ErrorKind::io, fmt::format("cannot make the folder {}: {}", folder.string(), failure.message()));
  return folder;
}

}  // namespace

void embed_prompts(const BehaviorFolder& folder, const Behavior& behavior, const Split& split,
                   std::span<const PromptVariant> variants, TextEncoder& encoder, const Job& job) {
  const auto path = folder.embeddings(encoder.name());
  EmbeddingsFile file{
      .encoder = encoder.name(), .identity = encoder.identity(), .data = content_hash(behavior), .variants = {}};
  if (fs::exists(path)) {
    auto there = read_embeddings_file(path);
    check_is_same(path, there, file);
    file = std::move(there);
  }
  auto missing = prompts_of(behavior, split, variants);
  std::erase_if(missing, [&](const Prompts& prompts) { return has(file, prompts); });
  if (missing.empty()) return;

  std::size_t total = 0;
  for (const auto& prompts : missing) total += prompts.texts.size();
  const auto work_folder = make_work_folder(path);
  Embedder embedder(encoder, file.identity, work_folder, total, job);
  for (const auto& prompts : missing)
    file.variants[prompts.variant] = {.samples = prompts.samples, .values = embedder.embed(prompts)};
  if (file.width != 0 && file.width != embedder.width()) {
    throw Error(ErrorKind::results, fmt::format("{}: has embeddings of width {}, now they have {}; delete it",
                                                path.string(), file.width, embedder.width()));
  }
  file.width = embedder.width();
  write_embeddings_file(path, file);
  fs::remove_all(work_folder);
}

}  // namespace w2s
