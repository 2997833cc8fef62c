#include "w2s/decoding.h"

#include <algorithm>
#include <utility>

#include "base/parallel.h"
#include "engine/reading/decoder_reader.h"
#include "engine/reading/layerwise_reader.h"
#include "w2s/base.h"

namespace w2s {

void PromptNeeds::add(const PromptNeeds& other) {
  last.insert(other.last.begin(), other.last.end());
  means.insert(other.means.begin(), other.means.end());
  answers = answers || other.answers;
}

void PromptReader::check_goes_on(const TokenizedSample& prompt, std::span<const Token> prefix) {
  const auto tokens = std::span(prompt.prompt);
  if (tokens.size() > prefix.size() && std::ranges::equal(tokens.first(prefix.size()), prefix)) return;
  throw Error(ErrorKind::usage, "a prompt does not go on from the prefix that all are said to share");
}

std::vector<std::unique_ptr<PromptReader>> make_prompt_readers(std::span<Decoder> decoders) {
  std::vector<std::unique_ptr<PromptReader>> readers;
  for (auto& decoder : decoders) readers.push_back(std::make_unique<DecoderReader>(decoder));
  return readers;
}

std::vector<std::unique_ptr<PromptReader>> make_layerwise_readers(const Model& model, int threads,
                                                                  PromptStateCache* cache) {
  const LayerwiseModel layerwise(model);
  std::vector<std::unique_ptr<PromptReader>> readers;
  for (std::size_t thread = 0; thread < thread_count(threads); ++thread)
    readers.push_back(std::make_unique<LayerwiseReader>(layerwise, cache));
  return readers;
}

PromptReading read_prompt(Decoder& decoder, const TokenizedSample& prompt, const PromptNeeds& needs) {
  if (needs.empty()) return {};
  DecoderReader reader(decoder);
  reader.begin_with({}, needs);
  const auto* const alone = &prompt;
  auto reading = std::move(reader.read({&alone, 1}).front());
  decoder.clear();
  return reading;
}

}  // namespace w2s
