#include "support/tiny_bert.h"

#include <string>
#include <vector>

#include "support/tiny_model.h"

namespace w2s::test {
namespace {

constexpr std::int64_t unknown = 2;
constexpr std::int64_t control = 3;
constexpr std::int64_t normal = 1;

std::vector<std::string> vocabulary() {
  const std::string word_begins = "\xe2\x96\x81";  // U+2581, where BERT's own file has nothing and marks the others
  std::vector<std::string> tokens = {"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
  for (char letter = 'a'; letter <= 'z'; ++letter) tokens.push_back(word_begins + letter);
  for (char letter = 'a'; letter <= 'z'; ++letter) tokens.emplace_back(1, letter);
  tokens.push_back(word_begins + "rain");
  tokens.emplace_back("ing");
  tokens.push_back(word_begins + "?");
  tokens.push_back(word_begins + ".");
  while (tokens.size() < tiny_vocabulary) tokens.push_back("[unused" + std::to_string(tokens.size()) + "]");
  return tokens;
}

}  // namespace

TensorFile tiny_word_piece_bert() {
  TensorFile file = tiny_bert();
  std::erase_if(file.metadata, [](const auto& entry) { return entry.first.starts_with("tokenizer."); });
  std::vector<std::int64_t> types(tiny_vocabulary, normal);
  for (const std::size_t token : {0, 2, 3, 4}) types[token] = control;
  types[1] = unknown;
  file.metadata["tokenizer.ggml.model"] = std::string("bert");
  file.metadata["tokenizer.ggml.tokens"] = vocabulary();
  file.metadata["tokenizer.ggml.token_type"] = types;
  file.metadata["tokenizer.ggml.token_type_count"] = std::int64_t{1};
  file.metadata["tokenizer.ggml.padding_token_id"] = std::int64_t{0};
  file.metadata["tokenizer.ggml.unknown_token_id"] = std::int64_t{1};
  file.metadata["tokenizer.ggml.bos_token_id"] = std::int64_t{2};
  file.metadata["tokenizer.ggml.cls_token_id"] = std::int64_t{2};
  file.metadata["tokenizer.ggml.seperator_token_id"] = std::int64_t{3};  // GGUF's spelling
  file.metadata["tokenizer.ggml.mask_token_id"] = std::int64_t{4};
  return file;
}

}  // namespace w2s::test
