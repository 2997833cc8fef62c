#include "w2s/base.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>
#include <sstream>
#include <utility>
#include <vector>

namespace w2s {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void throw_io(const char* action, const fs::path& path, int error) {
  throw Error(ErrorKind::io, fmt::format("cannot {} {}: {}", action, path.string(), std::strerror(error)));
}

class Descriptor {
 public:
  Descriptor(const fs::path& path, int flags) : value_(::open(path.c_str(), flags | O_CLOEXEC, 0666)) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  [[nodiscard]] bool is_open() const { return value_ >= 0; }
  [[nodiscard]] int get() const { return value_; }

 private:
  int value_;
};

// Deletes the file it names unless told that the file has found its place.
class TemporaryFile {
 public:
  explicit TemporaryFile(fs::path path) : path_(std::move(path)) {}
  ~TemporaryFile() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  [[nodiscard]] const fs::path& path() const { return path_; }
  void keep() { path_.clear(); }

 private:
  fs::path path_;
};

void sync_to_disk(const fs::path& path, int flags) {
  const Descriptor file(path, flags);
  if (!file.is_open()) throw_io("open", path, errno);
  if (::fsync(file.get()) != 0) throw_io("write", path, errno);
}

// A file renamed onto a device or a pipe would take its place: /dev/null would be gone.
bool is_stream(const fs::path& path) {
  std::error_code ignored;
  const auto type = fs::status(path, ignored).type();
  return type == fs::file_type::character || type == fs::file_type::block || type == fs::file_type::fifo ||
         type == fs::file_type::socket;
}

// What a link leads to: renamed onto the link itself, a file would end up in another folder than people put it.
fs::path resolved(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored) ? fs::weakly_canonical(path, ignored) : path;
}

// `path` is what errors name.
void write_all(const fs::path& where, int flags, std::string_view content, const fs::path& path) {
  const Descriptor file(where, flags);
  if (!file.is_open()) throw_io("write", path, errno);
  while (!content.empty()) {
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) throw_io("write", path, errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
}

fs::path folder_of(const fs::path& path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }

  void add(std::string_view bytes) { EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()); }

  [[nodiscard]] std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    std::string text;
    for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
    return text;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

}  // namespace

std::string read_file(const fs::path& path) {
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) throw_io("read", path, EISDIR);
  errno = 0;
  const std::ifstream stream(path, std::ios::binary);
  if (!stream) throw_io("read", path, errno != 0 ? errno : EIO);
  std::ostringstream content;
  content << stream.rdbuf();
  if (stream.bad()) throw_io("read", path, EIO);
  return std::move(content).str();
}

void replace_file(const fs::path& path, const std::function<void(const fs::path&)>& write) {
  if (is_stream(path)) throw Error(ErrorKind::io, fmt::format("cannot write {}: it is no file", path.string()));
  const auto target = resolved(path);
  TemporaryFile temporary(folder_of(target) / fmt::format(".{}.{}.tmp", target.filename().string(), ::getpid()));
  write(temporary.path());
  sync_to_disk(temporary.path(), O_RDONLY);
  if (std::rename(temporary.path().c_str(), target.c_str()) != 0) throw_io("write", path, errno);
  temporary.keep();
  sync_to_disk(folder_of(target), O_RDONLY | O_DIRECTORY);
}

void write_file(const fs::path& path, std::string_view content) {
  if (is_stream(path)) return write_all(path, O_WRONLY, content, path);
  replace_file(path,
               [&](const fs::path& temporary) { write_all(temporary, O_WRONLY | O_CREAT | O_TRUNC, content, path); });
}

std::string sha256_of_file(const fs::path& path) {
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw_io("read", path, errno);
  Sha256 hash;
  std::vector<char> buffer(1U << 20U);
  while (stream) {
    stream.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    hash.add({buffer.data(), static_cast<std::size_t>(stream.gcount())});
  }
  if (stream.bad()) throw_io("read", path, EIO);
  return hash.hex();
}

std::string sha256(std::string_view text) {
  Sha256 hash;
  hash.add(text);
  return hash.hex();
}

}  // namespace w2s
