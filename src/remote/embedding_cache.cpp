#include "remote/embedding_cache.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "w2s/base.h"

namespace w2s::remote {
namespace {

static_assert(std::endian::native == std::endian::little, "the file is little-endian");

constexpr std::size_t hash_digits = 64;
constexpr std::size_t checksum_digits = 16;
constexpr std::size_t head_bytes = sizeof(std::uint32_t) + hash_digits;
constexpr std::size_t widest = std::size_t{1} << 20U;

std::size_t record_bytes(std::size_t width) { return head_bytes + width * sizeof(float) + checksum_digits; }

std::string checksum(std::string_view bytes) { return sha256(bytes).substr(0, checksum_digits); }

std::string header_line(const EmbeddingSource& source) {
  const nlohmann::ordered_json header = {{"format", "w2s embeddings"},
                                         {"version", 1},
                                         {"base_url", source.base_url},
                                         {"model", source.model},
                                         {"dimensions", source.dimensions}};
  return header.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string record(const KeptEmbedding& kept) {
  const auto width = static_cast<std::uint32_t>(kept.embedding.size());
  std::string bytes(sizeof width, '\0');
  std::memcpy(bytes.data(), &width, sizeof width);
  bytes += kept.text_hash;
  const std::size_t numbers_at = bytes.size();
  bytes.resize(numbers_at + width * sizeof(float));
  std::memcpy(bytes.data() + numbers_at, kept.embedding.data(), width * sizeof(float));
  return bytes + checksum(bytes);
}

std::size_t width_of(std::string_view head) {
  std::uint32_t width = 0;
  std::memcpy(&width, head.data(), sizeof width);
  return width;
}

bool is_zero(std::string_view bytes) {
  return std::ranges::all_of(bytes, [](char byte) { return byte == '\0'; });
}

// flock's lock belongs to the open file: it keeps out other processes, and other caches of this one.
class Lock {
 public:
  explicit Lock(int file) : file_(file) {
    int code = 0;
    do {
      code = ::flock(file_, LOCK_EX);
    } while (code != 0 && errno == EINTR);
    is_held_ = code == 0;
  }
  ~Lock() {
    if (is_held_) ::flock(file_, LOCK_UN);
  }
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;

  [[nodiscard]] bool is_held() const { return is_held_; }

 private:
  int file_;
  bool is_held_ = false;
};

}  // namespace

EmbeddingCache::EmbeddingCache(const std::filesystem::path& folder, const EmbeddingSource& source) {
  const std::string header = header_line(source);
  constexpr std::size_t name_digits = 16;
  path_ = folder / (sha256(header).substr(0, name_digits) + ".embeddings");
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) throw Error(ErrorKind::io, fmt::format("cannot make {}: {}", folder.string(), error.message()));
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file_ < 0) fail_with_errno("open");
  try {
    const Lock lock(file_);
    if (!lock.is_held()) fail_with_errno("lock");
    write_header_or_check(header);
    index_new_records();
  } catch (...) {
    ::close(file_);
    throw;
  }
}

EmbeddingCache::~EmbeddingCache() { ::close(file_); }

void EmbeddingCache::refresh() {
  const Lock lock(file_);
  if (!lock.is_held()) fail_with_errno("lock");
  index_new_records();
}

std::optional<std::vector<float>> EmbeddingCache::find(const std::string& text_hash) const {
  const auto found = offsets_.find(text_hash);
  if (found == offsets_.end()) return std::nullopt;
  const std::string bytes = read(found->second, record_bytes(width_));
  const auto content = std::string_view(bytes).substr(0, bytes.size() - checksum_digits);
  if (checksum(content) != std::string_view(bytes).substr(content.size())) return std::nullopt;
  std::vector<float> embedding(width_);
  std::memcpy(embedding.data(), bytes.data() + head_bytes, width_ * sizeof(float));
  return embedding;
}

void EmbeddingCache::append(std::span<const KeptEmbedding> embeddings) {
  const Lock lock(file_);
  if (!lock.is_held()) fail_with_errno("lock");
  index_new_records();
  std::string bytes;
  for (const KeptEmbedding& kept : embeddings) {
    const std::size_t width = width_ != 0 ? width_ : embeddings.front().embedding.size();
    if (kept.embedding.size() != width)
      fail(
          fmt::format("holds embeddings of {} dimensions, a new one has {}: the server's model has changed; move the "
                      "file away",
                      width, kept.embedding.size()));
    bytes += record(kept);
  }
  write_at_end(bytes);
  index_new_records();
}

void EmbeddingCache::write_header_or_check(const std::string& header) {
  const std::string found = read(0, header.size());
  if (found.size() < header.size() && header.starts_with(found)) {  // new, or its maker was killed
    write_at_end(header);
  } else if (found != header) {
    fail("is not a file of these embeddings: move it away");
  }
  end_ = header.size();
}

void EmbeddingCache::index_new_records() {
  struct stat status{};
  if (::fstat(file_, &status) != 0) fail_with_errno("read");
  const auto size = static_cast<std::uint64_t>(status.st_size);
  if (size < end_) fail("has become shorter: move it away");
  while (end_ < size) {
    const std::string head = read(end_, head_bytes);
    if (head.size() == head_bytes && !is_zero(head)) {
      const std::size_t width = width_of(head);
      if (width == 0 || width > widest || (width_ != 0 && width != width_))
        fail(fmt::format("is damaged at byte {}: move it away", end_));
      if (end_ + record_bytes(width) <= size) {
        index_record(head, end_);
        continue;
      }
    }
    // What a killed process, or a power failure (zeros), left of the last batch.
    if (::ftruncate(file_, static_cast<off_t>(end_)) != 0) fail_with_errno("write");
    return;
  }
}

void EmbeddingCache::index_record(const std::string& head, std::uint64_t at) {
  width_ = width_of(head);
  offsets_[head.substr(sizeof(std::uint32_t))] = at;
  end_ = at + record_bytes(width_);
}

std::string EmbeddingCache::read(std::uint64_t at, std::size_t bytes) const {
  std::string content(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const auto count = ::pread(file_, content.data() + done, bytes - done, static_cast<off_t>(at + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail_with_errno("read");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  content.resize(done);
  return content;
}

void EmbeddingCache::write_at_end(const std::string& bytes) {
  std::size_t done = 0;
  int error = 0;
  while (done < bytes.size() && error == 0) {
    const auto count = ::pwrite(file_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(end_ + done));
    if (count >= 0) {
      done += static_cast<std::size_t>(count);
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (error == 0 && ::fsync(file_) != 0) error = errno;
  if (error == 0) return;
  // Should this fail as well, the next to open the file cuts it.
  static_cast<void>(::ftruncate(file_, static_cast<off_t>(end_)));
  errno = error;
  fail_with_errno("write");
}

void EmbeddingCache::fail(const std::string& why) const {
  throw Error(ErrorKind::io, fmt::format("{} {}", path_.string(), why));
}

void EmbeddingCache::fail_with_errno(const char* action) const {
  throw Error(ErrorKind::io, fmt::format("cannot {} {}: {}", action, path_.string(), std::strerror(errno)));
}

}  // namespace w2s::remote
