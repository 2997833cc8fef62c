#include "vectors/npy.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <limits>
#include <utility>

#include "data/text.h"
#include "w2s/base.h"

namespace w2s::vectors {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are copied as they lie in memory");

constexpr std::string_view magic = "\x93NUMPY";
constexpr std::size_t alignment = 64;  // of the data, in the file

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

template <typename Number>
Number number_at(std::string_view bytes, std::size_t offset) {
  Number number = 0;
  std::memcpy(&number, bytes.data() + offset, sizeof(Number));
  return number;
}

// What stands behind 'key': in the header, a Python dictionary.
std::string_view value_of(std::string_view header, std::string_view key) {
  const auto at = header.find(fmt::format("'{}':", key));
  if (at == std::string_view::npos) refuse(fmt::format("its header has no '{}'", key));
  return data::strip(header.substr(at + key.size() + 3));
}

std::string_view between(std::string_view text, char first, char last, std::string_view what) {
  const auto end = text.find(last, 1);
  if (!text.starts_with(first) || end == std::string_view::npos) refuse(fmt::format("its {} cannot be read", what));
  return text.substr(1, end - 1);
}

std::vector<std::size_t> shape_of(std::string_view header) {
  std::vector<std::size_t> shape;
  auto rest = between(value_of(header, "shape"), '(', ')', "shape");
  while (!data::strip(rest).empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto digits = data::strip(rest.substr(0, comma));
    std::size_t length = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
    if (error != std::errc() || end != digits.data() + digits.size()) refuse("its shape cannot be read");
    shape.push_back(length);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return shape;
}

// The bytes of a number, which end the type's name: 4 in "<f4". Of a text it is the count of its characters.
std::size_t number_in(std::string_view type) {
  const auto first = std::min(type.find_first_of("0123456789"), type.size());
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(type.data() + first, type.data() + type.size(), number);
  if (error != std::errc() || end != type.data() + type.size()) refuse(fmt::format("has the NumPy type '{}'", type));
  return number;
}

bool holds(const NpyArray& array) {
  std::size_t bytes = number_in(array.type) * (array.type.find('U') == std::string::npos ? 1 : sizeof(char32_t));
  for (const std::size_t length : array.shape) {
    if (length != 0 && bytes > std::numeric_limits<std::size_t>::max() / length) return false;
    bytes *= length;
  }
  return bytes == array.data.size();
}

template <typename Stored, typename Wanted>
std::vector<Wanted> converted(const NpyArray& array) {
  std::vector<Wanted> values(array.data.size() / sizeof(Stored));
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<Wanted>(number_at<Stored>(array.data, i * sizeof(Stored)));
  return values;
}

void append_utf8(std::string& text, std::uint32_t code) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
  const auto add_rest = [&](std::uint32_t shift) { add(0x80U | ((code >> shift) & 0x3FU)); };
  if (code < 0x80) return add(code);
  if (code < 0x800) {
    add(0xC0U | (code >> 6U));
  } else if (code < 0x10000) {
    add(0xE0U | (code >> 12U));
    add_rest(6);
  } else {
    add(0xF0U | ((code >> 18U) & 0x07U));
    add_rest(12);
    add_rest(6);
  }
  add_rest(0);
}

// The bits of a character's first byte that belong to its code point.
std::uint32_t leading_bits(unsigned char byte) {
  if (byte < 0x80) return byte;
  if (byte < 0xE0) return byte & 0x1FU;
  if (byte < 0xF0) return byte & 0x0FU;
  return byte & 0x07U;
}

// Of well-formed UTF-8.
std::vector<std::uint32_t> code_points(std::string_view text) {
  std::vector<std::uint32_t> codes;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if ((byte & 0xC0U) == 0x80U) {
      codes.back() = codes.back() << 6U | (byte & 0x3FU);
    } else {
      codes.push_back(leading_bits(byte));
    }
  }
  return codes;
}

std::string npy_bytes(std::string_view type, std::span<const std::size_t> shape, std::string_view data) {
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}{}), }}", type,
                                   fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  const std::size_t before = magic.size() + 4;
  while ((before + header.size() + 1) % alignment != 0) header += ' ';
  header += '\n';

  std::string bytes(magic);
  bytes += '\x01';
  bytes += '\x00';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes.append(header).append(data);
}

template <typename Number>
std::string_view bytes_of(std::span<const Number> numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size_bytes()};
}

}  // namespace

NpyArray parse_npy(std::string_view bytes) {
  constexpr std::size_t version_end = 8;
  if (!bytes.starts_with(magic) || bytes.size() < version_end + sizeof(std::uint32_t)) refuse("is no NumPy array");
  const bool is_first_version = bytes[magic.size()] == 1;
  const std::size_t length =
      is_first_version ? number_at<std::uint16_t>(bytes, version_end) : number_at<std::uint32_t>(bytes, version_end);
  const std::size_t begin = version_end + (is_first_version ? sizeof(std::uint16_t) : sizeof(std::uint32_t));
  if (length > bytes.size() - begin) refuse("is truncated inside its header");

  const auto header = bytes.substr(begin, length);
  NpyArray array{.type = std::string(between(value_of(header, "descr"), '\'', '\'', "type")),
                 .fortran_order = value_of(header, "fortran_order").starts_with("True"),
                 .shape = shape_of(header),
                 .data = bytes.substr(begin + length)};
  if (!holds(array)) {
    refuse(fmt::format("has {} bytes of data, not what its type {} and its shape ({}) say", array.data.size(),
                       array.type, fmt::join(array.shape, ", ")));
  }
  return array;
}

std::vector<float> floats_of(const NpyArray& array) {
  if (array.fortran_order && array.shape.size() > 1)
    refuse("is in Fortran order; save numpy.ascontiguousarray(array) instead");
  if (array.type == "<f4") return converted<float, float>(array);
  if (array.type == "<f8") return converted<double, float>(array);
  refuse(fmt::format("has the NumPy type '{}', not float32 or float64; save array.astype('<f4') instead", array.type));
}

std::vector<std::size_t> indices_of(const NpyArray& array) {
  const bool is_long = array.type == "<i8";
  if (!is_long && array.type != "<i4") refuse(fmt::format("has the NumPy type '{}', not int64", array.type));
  const auto numbers =
      is_long ? converted<std::int64_t, std::int64_t>(array) : converted<std::int32_t, std::int64_t>(array);
  if (std::ranges::any_of(numbers, [](std::int64_t number) { return number < 0; })) refuse("has a negative number");
  return {numbers.begin(), numbers.end()};
}

std::string text_of(const NpyArray& array) {
  std::string text;
  const bool is_one = std::ranges::all_of(array.shape, [](std::size_t length) { return length == 1; });
  if (!is_one || !array.type.starts_with("<U")) return text;
  for (const auto code : converted<std::uint32_t, std::uint32_t>(array))
    if (code != 0) append_utf8(text, code);
  return text;
}

std::string npy_of(std::span<const float> values, std::span<const std::size_t> shape) {
  return npy_bytes("<f4", shape, bytes_of(values));
}

std::string npy_of(std::span<const std::size_t> indices) {
  const std::vector<std::int64_t> numbers(indices.begin(), indices.end());
  const std::size_t length = numbers.size();
  return npy_bytes("<i8", std::span(&length, 1), bytes_of(std::span(numbers)));
}

std::string npy_of(std::string_view text) {
  auto codes = code_points(text.substr(0, data::valid_utf8_prefix(text)));
  if (codes.empty()) codes.push_back(0);  // NumPy knows no text of length 0
  return npy_bytes(fmt::format("<U{}", codes.size()), {}, bytes_of(std::span<const std::uint32_t>(codes)));
}

}  // namespace w2s::vectors
