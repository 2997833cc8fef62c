// GGUF files as plain values: metadata and F32 tensors by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
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

/// What the file has under a key, where it is of this type; else null.
template <typename Value>
[[nodiscard]] const Value* find_value(const TensorFile& file, std::string_view key) {
  const auto found = file.metadata.find(std::string(key));
  return found == file.metadata.end() ? nullptr : std::get_if<Value>(&found->second);
}

/// The text under a key; empty where there is none.
[[nodiscard]] std::string text_or_empty(const TensorFile& file, std::string_view key);

/// A view that takes out of a file what must be in it. It says what is missing, or of another kind, to `refusal`, which
/// throws the error that such a file has.
class TensorFileReader {
 public:
  using Refusal = std::function<void(const std::string& what)>;
  TensorFileReader(const TensorFile& file, Refusal refusal) : file_(file), refusal_(std::move(refusal)) {}

  [[nodiscard]] bool has(std::string_view key) const { return file_.metadata.contains(std::string(key)); }
  template <typename Value>
  [[nodiscard]] const Value& get(std::string_view key) const {
    const auto* value = find_value<Value>(file_, key);
    if (value == nullptr) refuse_key(key);
    return *value;
  }
  /// A number that is not negative.
  [[nodiscard]] std::size_t size(std::string_view key) const;
  [[nodiscard]] std::vector<std::size_t> sizes(std::string_view key) const;

  [[nodiscard]] const Tensor& tensor(std::string_view name) const;
  /// With the leading dimensions of 1 that GGUF drops.
  [[nodiscard]] Tensor tensor(std::string_view name, std::size_t dimensions) const;

  [[noreturn]] void refuse(const std::string& what) const;

 private:
  [[noreturn]] void refuse_key(std::string_view key) const;
  [[nodiscard]] std::size_t checked_size(std::string_view key, std::int64_t value) const;

  const TensorFile& file_;
  Refusal refusal_;
};

}  // namespace w2s
