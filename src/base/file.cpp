#include "w2s/file.h"

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

#include "w2s/error.h"

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
  TemporaryFile temporary(folder_of(path) / fmt::format(".{}.{}.tmp", path.filename().string(), ::getpid()));
  write(temporary.path());
  sync_to_disk(temporary.path(), O_RDONLY);
  if (std::rename(temporary.path().c_str(), path.c_str()) != 0) throw_io("write", path, errno);
  temporary.keep();
  sync_to_disk(folder_of(path), O_RDONLY | O_DIRECTORY);
}

void write_file(const fs::path& path, std::string_view content) {
  replace_file(path, [&](const fs::path& temporary) {
    const Descriptor file(temporary, O_WRONLY | O_CREAT | O_TRUNC);
    if (!file.is_open()) throw_io("write", path, errno);
    while (!content.empty()) {
      const ssize_t written = ::write(file.get(), content.data(), content.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) throw_io("write", path, errno);
      content.remove_prefix(static_cast<std::size_t>(written));
    }
  });
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
