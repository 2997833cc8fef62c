#include "remote/embedding_cache.h"

#include <gmock/gmock.h>

#include <fstream>

#include "support/error_of.h"
#include "support/file_size_limit.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s::remote {
namespace {

using test::message_of;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Optional;

const EmbeddingSource source{.base_url = "http://localhost/v1", .model = "m", .dimensions = 0};

KeptEmbedding kept(const std::string& text, std::vector<float> embedding) {
  return {.text_hash = sha256(text), .embedding = std::move(embedding)};
}

void append(EmbeddingCache& cache, std::initializer_list<KeptEmbedding> embeddings) {
  cache.append(std::span(embeddings.begin(), embeddings.size()));
}

// Two batches, of one and of two embeddings.
std::filesystem::path write_three(const std::filesystem::path& folder) {
  EmbeddingCache cache(folder, source);
  append(cache, {kept("a", {1, 2})});
  append(cache, {kept("b", {3, 4}), kept("c", {5, 6})});
  return cache.path();
}

constexpr std::size_t record_bytes = 4 + 64 + 2 * 4 + 16;

TEST(EmbeddingCache, KeepsEmbeddingsBetweenProcesses) {
  const TemporaryFolder folder;
  write_three(folder.path());
  const EmbeddingCache cache(folder.path(), source);
  EXPECT_EQ(cache.width(), 2U);
  EXPECT_THAT(cache.find(sha256("a")), Optional(ElementsAre(1, 2)));
  EXPECT_THAT(cache.find(sha256("c")), Optional(ElementsAre(5, 6)));
  EXPECT_EQ(cache.find(sha256("d")), std::nullopt);
}

TEST(EmbeddingCache, KeepsServersModelsAndDimensionsApart) {
  const TemporaryFolder folder;
  write_three(folder.path());
  for (const EmbeddingSource& other : {EmbeddingSource{.base_url = "http://other/v1", .model = "m", .dimensions = 0},
                                       EmbeddingSource{.base_url = source.base_url, .model = "n", .dimensions = 0},
                                       EmbeddingSource{.base_url = source.base_url, .model = "m", .dimensions = 2}}) {
    EXPECT_EQ(EmbeddingCache(folder.path(), other).find(sha256("a")), std::nullopt);
  }
}

TEST(EmbeddingCache, LosesAtMostTheLastBatchWhereverAKilledProcessStopped) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  const std::string whole = read_file(path);
  for (std::size_t lost = 1; lost <= 2 * record_bytes; ++lost) {
    write_file(path, whole.substr(0, whole.size() - lost));
    EmbeddingCache cache(folder.path(), source);
    EXPECT_THAT(cache.find(sha256("a")), Optional(ElementsAre(1, 2))) << lost;
    EXPECT_EQ(cache.find(sha256("b")).has_value(), lost <= record_bytes) << lost;
    EXPECT_EQ(cache.find(sha256("c")), std::nullopt) << lost;
    append(cache, {kept("c", {7, 8})});
    EXPECT_THAT(EmbeddingCache(folder.path(), source).find(sha256("c")), Optional(ElementsAre(7, 8))) << lost;
  }
}

TEST(EmbeddingCache, LosesAtMostTheHeaderWhereverItsMakerWasKilled) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  const std::string header = read_file(path).substr(0, read_file(path).find('\n') + 1);
  for (std::size_t length = 0; length <= header.size(); ++length) {
    write_file(path, header.substr(0, length));
    EmbeddingCache cache(folder.path(), source);
    append(cache, {kept("a", {1, 2})});
    EXPECT_THAT(EmbeddingCache(folder.path(), source).find(sha256("a")), Optional(ElementsAre(1, 2))) << length;
  }
}

TEST(EmbeddingCache, CutsTheZerosThatAPowerFailureLeaves) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  std::ofstream(path, std::ios::app | std::ios::binary) << std::string(1000, '\0');
  EmbeddingCache cache(folder.path(), source);
  append(cache, {kept("d", {7, 8})});
  EXPECT_THAT(EmbeddingCache(folder.path(), source).find(sha256("d")), Optional(ElementsAre(7, 8)));
}

TEST(EmbeddingCache, DoesNotKnowARecordWhoseBytesChanged) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  std::string bytes = read_file(path);
  bytes[bytes.size() - 20] = static_cast<char>(bytes[bytes.size() - 20] ^ 1);
  write_file(path, bytes);
  EmbeddingCache cache(folder.path(), source);
  EXPECT_EQ(cache.find(sha256("c")), std::nullopt);
  EXPECT_THAT(cache.find(sha256("b")), Optional(ElementsAre(3, 4)));
  append(cache, {kept("c", {5, 6})});
  EXPECT_THAT(cache.find(sha256("c")), Optional(ElementsAre(5, 6)));
}

TEST(EmbeddingCache, IsSharedByProcessesThatWriteInTurn) {
  const TemporaryFolder folder;
  EmbeddingCache first(folder.path(), source);
  EmbeddingCache second(folder.path(), source);
  append(first, {kept("a", {1, 2})});
  append(second, {kept("b", {3, 4})});
  EXPECT_THAT(second.find(sha256("a")), Optional(ElementsAre(1, 2)));
  EXPECT_EQ(first.find(sha256("b")), std::nullopt);
  first.refresh();
  EXPECT_THAT(first.find(sha256("b")), Optional(ElementsAre(3, 4)));
}

TEST(EmbeddingCache, RefusesWhatItCannotUseAndLeavesItAsItIs) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  const std::string whole = read_file(path);
  const auto refusal = [&](const std::string& content) {
    write_file(path, content);
    auto message = message_of(ErrorKind::io, [&] { const EmbeddingCache cache(folder.path(), source); });
    EXPECT_EQ(read_file(path), content);
    return message;
  };
  EXPECT_THAT(refusal("something else"), HasSubstr("is not a file of these embeddings"));
  std::string damaged = whole;
  damaged[whole.find('\n') + 1 + record_bytes] = 9;  // the second record's width
  EXPECT_THAT(refusal(damaged), HasSubstr("is damaged at byte"));
}

TEST(EmbeddingCache, RefusesAnotherWidthThanItHas) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  const std::string before = read_file(path);
  EmbeddingCache cache(folder.path(), source);
  EXPECT_THAT(message_of(ErrorKind::io, [&] { append(cache, {kept("d", {1, 2}), kept("e", {1})}); }),
              HasSubstr("holds embeddings of 2 dimensions, a new one has 1"));
  EXPECT_EQ(read_file(path), before);
}

TEST(EmbeddingCache, IsAsItWasWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const auto path = write_three(folder.path());
  const std::string before = read_file(path);
  EmbeddingCache cache(folder.path(), source);
  {
    const test::FileSizeLimit limit(before.size() + record_bytes / 2);
    EXPECT_THAT(message_of(ErrorKind::io, [&] { append(cache, {kept("d", {7, 8})}); }), HasSubstr("cannot write"));
  }
  EXPECT_EQ(read_file(path), before);
  append(cache, {kept("d", {7, 8})});
  EXPECT_THAT(cache.find(sha256("d")), Optional(ElementsAre(7, 8)));
}

TEST(EmbeddingCache, NamesAFolderThatCannotBeMade) {
  const TemporaryFolder folder;
  std::ofstream(folder / "file") << "x";
  EXPECT_THAT(message_of(ErrorKind::io, [&] { const EmbeddingCache cache(folder / "file", source); }),
              HasSubstr("file"));
}

}  // namespace
}  // namespace w2s::remote
