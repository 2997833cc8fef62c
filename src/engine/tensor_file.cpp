#include "w2s/model.h"

#include <fmt/format.h>
#include <ggml.h>
#include <gguf.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

#include "engine/backend.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// The layout of the file that holds it, not its content: gguf sets it when it writes.
constexpr std::string_view alignment_key = "general.alignment";

struct FreeGguf {
  void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufContext = std::unique_ptr<gguf_context, FreeGguf>;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OpenFile = std::unique_ptr<std::FILE, CloseFile>;

[[noreturn]] void throw_io(const char* action, const fs::path& path, int error) {
  throw Error(ErrorKind::io,
              fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(error != 0 ? error : EIO)));
}

[[noreturn]] void throw_malformed(const fs::path& path, const std::string& reason) {
  throw Error(ErrorKind::data, fmt::format("{}: {}", path.string(), reason));
}

class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path) {
    std::error_code ignored;
    if (fs::is_directory(path, ignored)) throw_io("read", path, EISDIR);
    errno = 0;
    stream_.open(path, std::ios::binary);
    if (!stream_) throw_io("read", path, errno);
    check_magic();
    stream_.seekg(0, std::ios::end);
    size_ = static_cast<std::uint64_t>(stream_.tellg());
    read_header();
  }

  [[nodiscard]] std::map<std::string, MetadataValue> metadata() const {
    std::map<std::string, MetadataValue> result;
    for (std::int64_t key = 0; key < gguf_get_n_kv(gguf_.get()); ++key) {
      const std::string name = gguf_get_key(gguf_.get(), key);
      if (name == alignment_key) continue;
      // Names that differ only behind a zero byte are equal to every reader that uses gguf.h.
      if (!result.emplace(name, value(key)).second) throw_malformed(path_, fmt::format("two values for '{}'", name));
    }
    return result;
  }

  [[nodiscard]] std::map<std::string, Tensor> tensors() {
    std::map<std::string, Tensor> result;
    for (std::int64_t index = 0; index < gguf_get_n_tensors(gguf_.get()); ++index) {
      const std::string name = gguf_get_tensor_name(gguf_.get(), index);
      if (!result.emplace(name, tensor(index)).second) throw_malformed(path_, fmt::format("two tensors '{}'", name));
    }
    return result;
  }

 private:
  void check_magic() {
    std::array<char, 4> magic{};
    stream_.read(magic.data(), magic.size());
    if (stream_.bad()) throw_io("read", path_, errno);
    if (stream_.gcount() != 4 || std::memcmp(magic.data(), GGUF_MAGIC, 4) != 0) {
      throw_malformed(path_, "not a GGUF file");
    }
  }

  void read_header() {
    engine::initialize_backend();
    const engine::LoggedErrors errors;
    gguf_.reset(gguf_init_from_file(path_.c_str(), {.no_alloc = true, .ctx = nullptr}));
    if (gguf_) return;
    std::string reason = errors.first_or("unknown reason");
    // Every line begins with the name of a function of ggml.
    if (const auto colon = reason.find(": "); colon != std::string::npos) reason.erase(0, colon + 2);
    throw_malformed(path_, fmt::format("truncated or malformed GGUF header ({}); get or make the file again", reason));
  }

  [[nodiscard]] MetadataValue value(std::int64_t key) const {
    const gguf_type type = gguf_get_kv_type(gguf_.get(), key);
    const bool is_array = type == GGUF_TYPE_ARRAY;
    switch (is_array ? gguf_get_arr_type(gguf_.get(), key) : type) {
      case GGUF_TYPE_UINT8:
        return widened<std::int64_t, std::uint8_t>(key, is_array);
      case GGUF_TYPE_INT8:
        return widened<std::int64_t, std::int8_t>(key, is_array);
      case GGUF_TYPE_UINT16:
        return widened<std::int64_t, std::uint16_t>(key, is_array);
      case GGUF_TYPE_INT16:
        return widened<std::int64_t, std::int16_t>(key, is_array);
      case GGUF_TYPE_UINT32:
        return widened<std::int64_t, std::uint32_t>(key, is_array);
      case GGUF_TYPE_INT32:
        return widened<std::int64_t, std::int32_t>(key, is_array);
      case GGUF_TYPE_UINT64:
        return widened<std::int64_t, std::uint64_t>(key, is_array);
      case GGUF_TYPE_INT64:
        return widened<std::int64_t, std::int64_t>(key, is_array);
      case GGUF_TYPE_FLOAT32:
        return widened<double, float>(key, is_array);
      case GGUF_TYPE_FLOAT64:
        return widened<double, double>(key, is_array);
      case GGUF_TYPE_BOOL:
        if (is_array) return widened<std::int64_t, std::int8_t>(key, is_array);
        return gguf_get_val_bool(gguf_.get(), key);
      case GGUF_TYPE_STRING:
        if (is_array) return strings(key);
        return std::string(gguf_get_val_str(gguf_.get(), key));
      default:
        throw_malformed(path_, fmt::format("'{}' has an unknown type", gguf_get_key(gguf_.get(), key)));
    }
  }

  template <typename Wide, typename Narrow>
  [[nodiscard]] MetadataValue widened(std::int64_t key, bool is_array) const {
    const void* data = is_array ? gguf_get_arr_data(gguf_.get(), key) : gguf_get_val_data(gguf_.get(), key);
    const auto* first = static_cast<const Narrow*>(data);
    const auto* last = first + (is_array ? gguf_get_arr_n(gguf_.get(), key) : 1);
    if constexpr (std::is_same_v<Narrow, std::uint64_t>) {
      const auto fits = [](std::uint64_t number) { return std::in_range<std::int64_t>(number); };
      if (!std::all_of(first, last, fits)) {
        throw_malformed(path_, fmt::format("'{}' is larger than 2^63 - 1", gguf_get_key(gguf_.get(), key)));
      }
    }
    std::vector<Wide> values;
    values.reserve(static_cast<std::size_t>(last - first));
    std::transform(first, last, std::back_inserter(values), [](Narrow number) { return static_cast<Wide>(number); });
    if (is_array) return values;
    return values.front();
  }

  [[nodiscard]] std::vector<std::string> strings(std::int64_t key) const {
    std::vector<std::string> result(gguf_get_arr_n(gguf_.get(), key));
    for (std::size_t i = 0; i < result.size(); ++i) result[i] = gguf_get_arr_str(gguf_.get(), key, i);
    return result;
  }

  [[nodiscard]] Tensor tensor(std::int64_t index) {
    const ggml_type type = gguf_get_tensor_type(gguf_.get(), index);
    const std::string name = gguf_get_tensor_name(gguf_.get(), index);
    if (type != GGML_TYPE_F32 && type != GGML_TYPE_F16) {
      throw_malformed(
          path_, fmt::format("tensor '{}' has type {}; only F32 and F16 can be read here", name, ggml_type_name(type)));
    }
    const std::uint64_t bytes = gguf_get_tensor_size(gguf_.get(), index);
    seek_to_data(name, gguf_get_tensor_offset(gguf_.get(), index), bytes);
    Tensor result{shape(index), std::vector<float>(bytes / ggml_type_size(type))};
    if (type == GGML_TYPE_F32) {
      read_bytes(name, result.values.data(), bytes);
    } else {
      std::vector<ggml_fp16_t> halves(result.values.size());
      read_bytes(name, halves.data(), bytes);
      ggml_fp16_to_fp32_row(halves.data(), result.values.data(), static_cast<std::int64_t>(halves.size()));
    }
    return result;
  }

  // gguf.h tells four dimensions, the missing ones being 1.
  [[nodiscard]] std::vector<std::size_t> shape(std::int64_t index) const {
    const std::int64_t* dimensions = gguf_get_tensor_ne(gguf_.get(), index);
    std::size_t rank = GGML_MAX_DIMS;
    while (rank > 1 && dimensions[rank - 1] == 1) --rank;
    std::vector<std::size_t> result(rank);
    std::transform(dimensions, dimensions + rank, result.rbegin(),
                   [](std::int64_t length) { return static_cast<std::size_t>(length); });
    return result;
  }

  void seek_to_data(const std::string& name, std::uint64_t offset, std::uint64_t bytes) {
    const std::uint64_t start = gguf_get_data_offset(gguf_.get());
    const bool inside = start <= size_ && offset <= size_ - start && bytes <= size_ - start - offset;
    if (!inside) throw_malformed(path_, fmt::format("truncated inside tensor '{}'; get or make the file again", name));
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(start + offset));
  }

  void read_bytes(const std::string& name, void* target, std::uint64_t bytes) {
    stream_.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes));
    if (stream_.bad()) throw_io("read", path_, errno);
    if (!stream_) throw_malformed(path_, fmt::format("truncated inside tensor '{}'", name));
  }

  const fs::path& path_;
  std::ifstream stream_;
  std::uint64_t size_ = 0;
  GgufContext gguf_;
};

[[noreturn]] void throw_unwritable(std::string_view name, std::string_view reason) {
  throw Error(ErrorKind::usage, fmt::format("'{}' cannot be written as GGUF: {}", name, reason));
}

void check_has_no_zero_byte(std::string_view name, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw_unwritable(name, "a text contains a zero byte");
}

void check_key(std::string_view key) {
  if (key.empty()) throw_unwritable(key, "a key is empty");
  if (key == alignment_key) throw_unwritable(key, "the alignment is the writer's own");
  check_has_no_zero_byte(key, key);
}

template <typename Narrow>
bool all_fit(const std::vector<std::int64_t>& values) {
  return std::all_of(values.begin(), values.end(), [](std::int64_t value) { return std::in_range<Narrow>(value); });
}

// Sets a value under a key; one overload for each type of MetadataValue.
class MetadataWriter {
 public:
  MetadataWriter(gguf_context* gguf, const std::string& key) : gguf_(gguf), key_(key) {}

  void operator()(bool value) const { gguf_set_val_bool(gguf_, key_.c_str(), value); }

  void operator()(std::int64_t value) const {
    if (std::in_range<std::uint32_t>(value)) {
      gguf_set_val_u32(gguf_, key_.c_str(), static_cast<std::uint32_t>(value));
    } else if (std::in_range<std::int32_t>(value)) {
      gguf_set_val_i32(gguf_, key_.c_str(), static_cast<std::int32_t>(value));
    } else {
      gguf_set_val_i64(gguf_, key_.c_str(), value);
    }
  }

  void operator()(double value) const { gguf_set_val_f32(gguf_, key_.c_str(), static_cast<float>(value)); }

  void operator()(const std::string& value) const {
    check_has_no_zero_byte(key_, value);
    gguf_set_val_str(gguf_, key_.c_str(), value.c_str());
  }

  void operator()(const std::vector<std::int64_t>& values) const {
    if (all_fit<std::int32_t>(values)) {
      set_array<std::int32_t>(GGUF_TYPE_INT32, values);
    } else if (all_fit<std::uint32_t>(values)) {
      set_array<std::uint32_t>(GGUF_TYPE_UINT32, values);
    } else {
      set_array<std::int64_t>(GGUF_TYPE_INT64, values);
    }
  }

  void operator()(const std::vector<double>& values) const { set_array<float>(GGUF_TYPE_FLOAT32, values); }

  void operator()(const std::vector<std::string>& values) const {
    std::vector<const char*> texts;
    for (const std::string& value : values) {
      check_has_no_zero_byte(key_, value);
      texts.push_back(value.c_str());
    }
    gguf_set_arr_str(gguf_, key_.c_str(), texts.data(), texts.size());
  }

 private:
  template <typename Narrow, typename Wide>
  void set_array(gguf_type type, const std::vector<Wide>& values) const {
    std::vector<Narrow> narrow(values.size());
    std::transform(values.begin(), values.end(), narrow.begin(), [](Wide value) { return static_cast<Narrow>(value); });
    gguf_set_arr_data(gguf_, key_.c_str(), type, narrow.data(), narrow.size());
  }

  gguf_context* gguf_;
  const std::string& key_;
};

bool shape_holds(const std::vector<std::size_t>& shape, std::size_t count) {
  std::size_t product = 1;
  for (const std::size_t length : shape) {
    if (length != 0 && product > std::numeric_limits<std::size_t>::max() / length) return false;
    product *= length;
  }
  return product == count;
}

void check_tensor(const std::string& name, const Tensor& tensor) {
  if (name.empty() || name.size() >= GGML_MAX_NAME) {
    throw_unwritable(name, fmt::format("a tensor's name has 1 to {} characters", GGML_MAX_NAME - 1));
  }
  check_has_no_zero_byte(name, name);
  if (tensor.shape.size() > GGML_MAX_DIMS) throw_unwritable(name, "it has more than four dimensions");
  if (!shape_holds(tensor.shape, tensor.values.size())) {
    throw_unwritable(name, fmt::format("it has {} values, not what its shape says", tensor.values.size()));
  }
}

ggml_tensor ggml_view(const std::string& name, const Tensor& tensor) {
  static constexpr float nothing = 0;  // gguf.h insists on an address even for no values
  ggml_tensor view{};
  view.type = GGML_TYPE_F32;
  ggml_set_name(&view, name.c_str());
  std::fill(std::begin(view.ne), std::end(view.ne), 1);
  if (tensor.values.empty()) {
    view.ne[0] = 0;  // ggml loses a 0 in any other place
  } else {
    std::copy(tensor.shape.rbegin(), tensor.shape.rend(), std::begin(view.ne));
  }
  view.nb[0] = sizeof(float);
  for (std::size_t d = 1; d < GGML_MAX_DIMS; ++d) {
    view.nb[d] = view.nb[d - 1] * static_cast<std::size_t>(view.ne[d - 1]);
  }
  view.data = const_cast<float*>(tensor.values.empty() ? &nothing : tensor.values.data());  // only read from
  return view;
}

// gguf_write_to_file ignores what fclose says, which is where a full disk may show first.
void write_and_close(const gguf_context* gguf, const fs::path& temporary, const fs::path& path) {
  errno = 0;
  OpenFile file(std::fopen(temporary.c_str(), "wb"));
  if (!file) throw_io("write", path, errno);
  if (!gguf_write_to_file_ptr(gguf, file.get(), /*only_meta=*/false)) throw_io("write", path, errno);
  if (std::fclose(file.release()) != 0) throw_io("write", path, errno);
}

}  // namespace

TensorFile read_tensor_file(const fs::path& path) {
  Reader reader(path);
  return {reader.metadata(), reader.tensors()};
}

void write_tensor_file(const fs::path& path, const TensorFile& file) {
  engine::initialize_backend();
  const GgufContext gguf(gguf_init_empty());
  for (const auto& [key, value] : file.metadata) {
    check_key(key);
    std::visit(MetadataWriter(gguf.get(), key), value);
  }
  for (const auto& [name, tensor] : file.tensors) {
    check_tensor(name, tensor);
    const ggml_tensor view = ggml_view(name, tensor);
    gguf_add_tensor(gguf.get(), &view);
  }
  replace_file(path, [&](const fs::path& temporary) { write_and_close(gguf.get(), temporary, path); });
}

}  // namespace w2s
