// Embeddings that were paid for, in a file that survives a kill.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace w2s::remote {

/// What an embedding depends on besides its text.
struct EmbeddingSource {
  std::string base_url;
  std::string model;
  std::size_t dimensions = 0;  ///< as asked for; 0: the model's own
};

struct KeptEmbedding {
  std::string text_hash;  ///< SHA-256 of the text, 64 hexadecimal digits
  std::vector<float> embedding;
};

/// One file for each source: a line of JSON that names it, then records of equal width,
///   width (uint32) | text hash (64 bytes) | numbers (width floats) | first 16 digits of the SHA-256 of what precedes,
/// little-endian. Records are only ever appended, under a lock and synced to disk, so that processes can share the
/// file; one that a killed process began is cut off by the next.
class EmbeddingCache {
 public:
  /// Makes the folder and the file where they are missing. Throws Error{io} if it cannot, or if the file is damaged or
  /// of another source.
  EmbeddingCache(const std::filesystem::path& folder, const EmbeddingSource& source);
  ~EmbeddingCache();
  EmbeddingCache(const EmbeddingCache&) = delete;
  EmbeddingCache& operator=(const EmbeddingCache&) = delete;

  /// Width of the embeddings; 0 while there are none.
  [[nodiscard]] std::size_t width() const noexcept { return width_; }
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }

  /// Takes note of what other processes have added.
  void refresh();
  /// Nothing for an unknown text, and for a record whose checksum is wrong.
  [[nodiscard]] std::optional<std::vector<float>> find(const std::string& text_hash) const;
  /// Adds all or nothing. Throws Error{io}, with the file as it was, if it cannot be written, and if the embeddings'
  /// width differs from that of those in the file.
  void append(std::span<const KeptEmbedding> embeddings);

 private:
  void write_header_or_check(const std::string& header);
  void index_new_records();
  void index_record(const std::string& head, std::uint64_t at);
  [[nodiscard]] std::string read(std::uint64_t at, std::size_t bytes) const;
  void write_at_end(const std::string& bytes);
  [[noreturn]] void fail(const std::string& why) const;
  [[noreturn]] void fail_with_errno(const char* action) const;

  std::filesystem::path path_;
  int file_ = -1;
  std::uint64_t end_ = 0;  // of the last whole record
  std::size_t width_ = 0;
  std::unordered_map<std::string, std::uint64_t> offsets_;  // by text hash
};

}  // namespace w2s::remote
