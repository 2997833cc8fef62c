// GGUF files as plain values: metadata and F32 tensors by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace w2s {

/// A dense array of one to four dimensions, the last one contiguous (C order). GGUF stores dimensions in the opposite
/// order and does not keep leading ones of length 1: a shape (1, 5) is read back as (5), a scalar as (1), an array
/// without values as (0).
struct Tensor {
  std::vector<std::size_t> shape;
  std::vector<float> values;
};

using MetadataValue = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                                   std::vector<double>, std::vector<std::string>>;

/// A GGUF file in memory.
struct TensorFile {
  std::map<std::string, MetadataValue> metadata;
  std::map<std::string, Tensor> tensors;
};

/// Reads a GGUF file whose tensors are F32 or F16. Integers and floating-point numbers of every width are widened.
/// An array of booleans becomes integers; general.alignment, which is the file's layout, is left out.
/// Throws Error{io} if the file cannot be opened, Error{data} if it is not GGUF, truncated, or has other tensor types.
[[nodiscard]] TensorFile read_tensor_file(const std::filesystem::path& path);

/// Writes GGUF; the file appears whole or not at all. Integers become 32 bits wide where they fit (what llama.cpp's
/// readers expect), floating-point numbers F32. Throws Error{io}; Error{usage} for what GGUF cannot hold: a zero byte
/// in a text, an empty key, a tensor name of 64 characters or more, more than four dimensions, a shape of another size
/// than the values.
void write_tensor_file(const std::filesystem::path& path, const TensorFile& file);

}  // namespace w2s
