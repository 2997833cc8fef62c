// NumPy's array format (numpy.lib.format), as far as steering vectors need it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::vectors {

/// A .npy file taken apart.
struct NpyArray {
  std::string type;  ///< NumPy's descr, for instance "<f4"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::string_view data;  ///< into the file's bytes
};

/// Versions 1 to 3. Throws Error{vectors} for another content, or data of another size than the shape.
[[nodiscard]] NpyArray parse_npy(std::string_view bytes);

/// float32 or float64, little-endian, in C order; others throw Error{vectors} that says how to save them.
[[nodiscard]] std::vector<float> floats_of(const NpyArray& array);
/// int64 or int32, little-endian. Throws Error{vectors} for others, and for a negative number.
[[nodiscard]] std::vector<std::size_t> indices_of(const NpyArray& array);
/// A text without dimensions, or an array of one; empty for anything else.
[[nodiscard]] std::string text_of(const NpyArray& array);

[[nodiscard]] std::string npy_of(std::span<const float> values, std::span<const std::size_t> shape);
[[nodiscard]] std::string npy_of(std::span<const std::size_t> indices);
[[nodiscard]] std::string npy_of(std::string_view text);

}  // namespace w2s::vectors
