#include "vectors/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include "w2s/base.h"

namespace w2s::vectors {
namespace {

// All files together: several times the vectors of the largest model, and far less than what a small archive can be
// made to unpack to.
constexpr std::uint64_t most_bytes = std::uint64_t{1} << 28U;

struct FreeSource {
  void operator()(zip_source_t* source) const { zip_source_free(source); }
};
using Source = std::unique_ptr<zip_source_t, FreeSource>;

struct DiscardArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, DiscardArchive>;

struct CloseFile {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using File = std::unique_ptr<zip_file_t, CloseFile>;

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorKind::vectors, why); }

// The archive keeps a reference of its own to the source.
Archive open_archive(zip_source_t* source, int flags) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_keep(source);
  Archive archive(zip_open_from_source(source, flags, &error));
  const std::string reason = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (archive) return archive;
  zip_source_free(source);
  refuse(fmt::format("not a zip archive ({})", reason));
}

// An entry may claim any size, so that memory follows what is really there.
std::string read_entry(zip_t* archive, std::uint64_t index, const std::string& name, std::uint64_t size) {
  const File file(zip_fopen_index(archive, index, 0));
  if (!file) refuse(fmt::format("{} cannot be read: {}", name, zip_strerror(archive)));
  constexpr std::uint64_t step = std::uint64_t{1} << 20U;
  std::string content;
  while (content.size() < size) {
    const std::size_t before = content.size();
    content.resize(before + std::min<std::uint64_t>(step, size - before));
    const auto read = zip_fread(file.get(), content.data() + before, content.size() - before);
    if (read <= 0) refuse(fmt::format("{} is damaged or truncated", name));
    content.resize(before + static_cast<std::size_t>(read));
  }
  // The checksum is compared when the end is met.
  char beyond = 0;
  if (zip_fread(file.get(), &beyond, 1) != 0) refuse(fmt::format("{} is damaged: its checksum is another", name));
  return content;
}

void add_entry(zip_t* archive, const std::string& name, std::string_view content) {
  zip_source_t* const source = zip_source_buffer(archive, content.data(), content.size(), 0);
  if (source == nullptr) throw std::bad_alloc();
  const auto index = zip_file_add(archive, name.c_str(), source, ZIP_FL_ENC_UTF_8);
  if (index < 0) {
    zip_source_free(source);
    refuse(fmt::format("{} cannot be added to a zip archive: {}", name, zip_strerror(archive)));
  }
  constexpr zip_uint16_t january_1980 = (1U << 5U) | 1U;  // the first date that a zip archive can hold; numpy's too
  zip_file_set_dostime(archive, static_cast<std::uint64_t>(index), 0, january_1980, 0);
  zip_set_file_compression(archive, static_cast<std::uint64_t>(index), ZIP_CM_STORE, 0);
}

std::string content_of(zip_source_t* source) {
  std::string bytes;
  if (zip_source_open(source) != 0) throw std::bad_alloc();
  zip_source_seek(source, 0, SEEK_END);
  bytes.resize(static_cast<std::size_t>(zip_source_tell(source)));
  zip_source_seek(source, 0, SEEK_SET);
  zip_source_read(source, bytes.data(), bytes.size());
  zip_source_close(source);
  return bytes;
}

}  // namespace

ZipArchive read_zip_archive(std::string_view bytes) {
  const Source source(zip_source_buffer_create(bytes.data(), bytes.size(), 0, nullptr));
  if (!source) throw std::bad_alloc();
  const auto archive = open_archive(source.get(), ZIP_RDONLY);
  ZipArchive content;
  std::uint64_t bytes_left = most_bytes;
  const auto entries = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t entry = 0; entry < entries; ++entry) {
    const auto index = static_cast<std::uint64_t>(entry);
    zip_stat_t about;
    if (zip_stat_index(archive.get(), index, 0, &about) != 0 || (about.valid & ZIP_STAT_NAME) == 0)
      refuse("the zip archive is damaged");
    const std::string name = about.name;
    if ((about.valid & ZIP_STAT_SIZE) == 0 || about.size > bytes_left)
      refuse(fmt::format("holds more than {} MiB", most_bytes >> 20U));
    bytes_left -= about.size;
    content[name] = read_entry(archive.get(), index, name, about.size);
  }
  return content;
}

std::string zip_archive_bytes(const ZipArchive& archive) {
  const Source source(zip_source_buffer_create(nullptr, 0, 0, nullptr));
  if (!source) throw std::bad_alloc();
  auto zip = open_archive(source.get(), ZIP_CREATE | ZIP_TRUNCATE);
  for (const auto& [name, content] : archive) add_entry(zip.get(), name, content);
  // What could be closed is gone; what could not still has to be discarded.
  zip_t* const closing = zip.release();
  if (zip_close(closing) != 0) {
    zip.reset(closing);
    refuse(fmt::format("cannot make a zip archive: {}", zip_strerror(closing)));
  }
  return content_of(source.get());
}

}  // namespace w2s::vectors
