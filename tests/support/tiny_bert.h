// The tiny encoder of tiny_model.h with a BERT's own kind of tokenizer.
#pragma once

#include <cstdint>

#include "w2s/model.h"

namespace w2s::test {

/// tiny_bert() with WordPiece and CLS pooling: tokens [PAD] [UNK] [CLS] [SEP] [MASK], the letters a to z that begin a
/// word (from 5) and those that go on with it (from 31), then "rain", "ing", "?", "." and unused ones.
[[nodiscard]] TensorFile tiny_word_piece_bert();

inline constexpr std::int64_t pooling_mean = 1;
inline constexpr std::int64_t pooling_rank = 4;

}  // namespace w2s::test
