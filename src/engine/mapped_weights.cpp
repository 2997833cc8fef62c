#include "engine/mapped_weights.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/backend.h"
#include "w2s/base.h"

namespace w2s::engine {
namespace {

class OpenFile {
 public:
  explicit OpenFile(const std::filesystem::path& path) : descriptor_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }

 private:
  int descriptor_;
};

[[noreturn]] void throw_unreadable(const std::filesystem::path& path) {
  throw Error(ErrorKind::model,
              fmt::format("{}: cannot be mapped into memory: {}", path.string(), std::strerror(errno)));
}

std::optional<double> single_number(const gguf_context* gguf, std::int64_t id) {
  switch (gguf_get_kv_type(gguf, id)) {
    case GGUF_TYPE_UINT8:
      return gguf_get_val_u8(gguf, id);
    case GGUF_TYPE_INT8:
      return gguf_get_val_i8(gguf, id);
    case GGUF_TYPE_UINT16:
      return gguf_get_val_u16(gguf, id);
    case GGUF_TYPE_INT16:
      return gguf_get_val_i16(gguf, id);
    case GGUF_TYPE_UINT32:
      return gguf_get_val_u32(gguf, id);
    case GGUF_TYPE_INT32:
      return gguf_get_val_i32(gguf, id);
    case GGUF_TYPE_UINT64:
      return static_cast<double>(gguf_get_val_u64(gguf, id));
    case GGUF_TYPE_INT64:
      return static_cast<double>(gguf_get_val_i64(gguf, id));
    case GGUF_TYPE_FLOAT32:
      return static_cast<double>(gguf_get_val_f32(gguf, id));
    case GGUF_TYPE_FLOAT64:
      return gguf_get_val_f64(gguf, id);
    case GGUF_TYPE_BOOL:
      return gguf_get_val_bool(gguf, id) ? 1.0 : 0.0;
    default:
      return std::nullopt;
  }
}

}  // namespace

void WeightMatrix::read(std::size_t first, std::span<float> values) const {
  const std::byte* const begin = data + first * row_bytes();
  if (type == GGML_TYPE_F32) {
    std::memcpy(values.data(), begin, values.size_bytes());
  } else {
    ggml_get_type_traits(type)->to_float(begin, values.data(), static_cast<std::int64_t>(values.size()));
  }
}

bool is_readable(ggml_type type) { return type == GGML_TYPE_F32 || ggml_get_type_traits(type)->to_float != nullptr; }

MappedFile::MappedFile(const std::filesystem::path& path) {
  const OpenFile file(path);
  struct stat status{};
  if (file.descriptor() < 0 || ::fstat(file.descriptor(), &status) != 0) throw_unreadable(path);
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.descriptor(), 0);
  if (data == MAP_FAILED) throw_unreadable(path);
  bytes_ = {static_cast<const std::byte*>(data), size};
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

GgufHeader::GgufHeader(const std::filesystem::path& path) {
  initialize_backend();
  const LoggedErrors errors;
  ggml_context* tensors = nullptr;
  gguf_.reset(gguf_init_from_file(path.c_str(), {.no_alloc = true, .ctx = &tensors}));
  tensors_.reset(tensors);
  if (!gguf_) {
    throw Error(ErrorKind::model, fmt::format("{}: not a GGUF file, or truncated ({})", path.string(),
                                              errors.first_or("its header cannot be read")));
  }
}

std::vector<std::string> GgufHeader::keys() const {
  std::vector<std::string> keys;
  for (std::int64_t id = 0; id < gguf_get_n_kv(gguf_.get()); ++id) keys.emplace_back(gguf_get_key(gguf_.get(), id));
  return keys;
}

std::vector<std::string> GgufHeader::tensors() const {
  std::vector<std::string> names;
  for (std::int64_t id = 0; id < gguf_get_n_tensors(gguf_.get()); ++id)
    names.emplace_back(gguf_get_tensor_name(gguf_.get(), id));
  return names;
}

std::optional<std::string> GgufHeader::text(const std::string& key) const {
  const auto id = gguf_find_key(gguf_.get(), key.c_str());
  if (id < 0 || gguf_get_kv_type(gguf_.get(), id) != GGUF_TYPE_STRING) return std::nullopt;
  return gguf_get_val_str(gguf_.get(), id);
}

std::optional<double> GgufHeader::number(const std::string& key) const {
  const auto id = gguf_find_key(gguf_.get(), key.c_str());
  return id < 0 ? std::nullopt : single_number(gguf_.get(), id);
}

std::optional<WeightMatrix> GgufHeader::shape(const std::string& tensor) const {
  const auto* found = ggml_get_tensor(tensors_.get(), tensor.c_str());
  if (found == nullptr || found->ne[2] != 1 || found->ne[3] != 1) return std::nullopt;
  return WeightMatrix{.data = nullptr,
                      .type = found->type,
                      .inputs = static_cast<std::size_t>(found->ne[0]),
                      .outputs = static_cast<std::size_t>(found->ne[1])};
}

std::size_t GgufHeader::offset(const std::string& tensor) const {
  const auto id = gguf_find_tensor(gguf_.get(), tensor.c_str());
  return gguf_get_data_offset(gguf_.get()) + gguf_get_tensor_offset(gguf_.get(), id);
}

}  // namespace w2s::engine
