// The weights of a model as they lie in its file.
#pragma once

#include <ggml.h>
#include <gguf.h>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace w2s::engine {

/// A matrix of weights, row by row; a vector has one row.
struct WeightMatrix {
  const std::byte* data = nullptr;
  ggml_type type = GGML_TYPE_F32;
  std::size_t inputs = 0;   ///< values a row
  std::size_t outputs = 0;  ///< rows

  [[nodiscard]] bool is_there() const noexcept { return data != nullptr; }
  [[nodiscard]] std::size_t row_bytes() const { return ggml_row_size(type, static_cast<std::int64_t>(inputs)); }
  /// Rows from `first` on as F32, as many as `values` has room for.
  void read(std::size_t first, std::span<float> values) const;
};

/// Whether values of the type can be read as F32.
[[nodiscard]] bool is_readable(ggml_type type);

/// A file that is mapped into memory for reading, and unmapped at the end.
class MappedFile {
 public:
  /// Throws Error{model}.
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  [[nodiscard]] std::span<const std::byte> bytes() const noexcept { return bytes_; }

 private:
  std::span<const std::byte> bytes_;
};

/// The header of a GGUF file.
class GgufHeader {
 public:
  /// Throws Error{model} if it is not a GGUF file.
  explicit GgufHeader(const std::filesystem::path& path);

  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] std::vector<std::string> tensors() const;
  [[nodiscard]] std::optional<std::string> text(const std::string& key) const;
  /// A single number, whatever it is stored as.
  [[nodiscard]] std::optional<double> number(const std::string& key) const;

  /// Without data: its shape and type. Nothing for a tensor that is not there or has more than two dimensions.
  [[nodiscard]] std::optional<WeightMatrix> shape(const std::string& tensor) const;
  /// Where the tensor's data begin in the file.
  [[nodiscard]] std::size_t offset(const std::string& tensor) const;

 private:
  struct FreeGguf {
    void operator()(gguf_context* context) const { gguf_free(context); }
  };
  struct FreeTensors {
    void operator()(ggml_context* context) const { ggml_free(context); }
  };
  std::unique_ptr<gguf_context, FreeGguf> gguf_;
  std::unique_ptr<ggml_context, FreeTensors> tensors_;
};

}  // namespace w2s::engine
