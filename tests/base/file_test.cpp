#include "w2s/base.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/file_size_limit.h"
#include "support/temporary_folder.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using test::FileSizeLimit;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  return names;
}

template <typename Action>
void expect_io_error_naming(const std::string& text, Action action) {
  try {
    action();
    FAIL() << "no error that names " << text;
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr(text));
  }
}

TEST(WriteFile, IsReadBackByteForByte) {
  const TemporaryFolder folder;
  const std::string bytes("line\nzero\0and\xff\r\n", 16);
  write_file(folder / "file", bytes);
  EXPECT_EQ(read_file(folder / "file"), bytes);
  write_file(folder / "file", "");
  EXPECT_EQ(read_file(folder / "file"), "");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("file"));
}

TEST(WriteFile, WritesThroughALinkThatStays) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "elsewhere");
  write_file(folder / "elsewhere" / "file", "old");
  fs::create_symlink(fs::path("elsewhere") / "file", folder / "link");
  write_file(folder / "link", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "link"));
  EXPECT_EQ(read_file(folder / "elsewhere" / "file"), "new");
}

TEST(WriteFile, WritesIntoAPipeThatStays) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::string received;
  std::jthread reader([&] { received = read_file(pipe); });
  write_file(pipe, "content");
  reader.join();
  EXPECT_EQ(received, "content");
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_THAT(names_in(folder.path()), ElementsAre("pipe"));
}

TEST(ReplaceFile, RefusesAPipe) {
  const TemporaryFolder folder;
  const auto pipe = folder / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_io_error_naming("pipe", [&] { replace_file(pipe, [](const fs::path&) { FAIL(); }); });
}

TEST(WriteFile, KeepsTheOldContentWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  {
    const FileSizeLimit limit(4096);
    expect_io_error_naming("file", [&] { write_file(folder / "file", std::string(100'000, 'x')); });
  }
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("file"));
}

TEST(WriteFile, LeavesNothingBehindWhenANewFileCannotBeWritten) {
  const TemporaryFolder folder;
  {
    const FileSizeLimit limit(4096);
    EXPECT_THROW(write_file(folder / "file", std::string(100'000, 'x')), Error);
  }
  EXPECT_TRUE(fs::is_empty(folder.path()));
}

TEST(WriteFile, NamesAFolderThatIsMissing) {
  const TemporaryFolder folder;
  expect_io_error_naming("absent", [&] { write_file(folder / "absent/file", "text"); });
}

TEST(ReplaceFile, ShowsTheOldContentUntilTheNewIsWhole) {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  replace_file(folder / "file", [&](const fs::path& temporary) {
    std::ofstream(temporary) << "new";
    EXPECT_EQ(read_file(folder / "file"), "old");
  });
  EXPECT_EQ(read_file(folder / "file"), "new");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("file"));
}

TEST(ReplaceFile, KeepsTheOldContentWhenTheWriterThrows) {
  const TemporaryFolder folder;
  write_file(folder / "file", "old");
  const auto fail_half_way = [](const fs::path& temporary) {
    std::ofstream(temporary) << "half";
    throw std::runtime_error("stopped");
  };
  EXPECT_THROW(replace_file(folder / "file", fail_half_way), std::runtime_error);
  EXPECT_EQ(read_file(folder / "file"), "old");
  EXPECT_THAT(names_in(folder.path()), ElementsAre("file"));
}

TEST(ReadFile, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  expect_io_error_naming("absent: No such file", [&] { static_cast<void>(read_file(folder / "absent")); });
  expect_io_error_naming("Is a directory", [&] { static_cast<void>(read_file(folder.path())); });
  const std::string too_long(5000, 'n');
  expect_io_error_naming("File name too long", [&] { static_cast<void>(read_file(folder / too_long)); });
}

// The examples of FIPS 180-2.
TEST(Sha256, AgreesWithThePublishedExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(Sha256, OfAFileAgreesWithThePublishedExample) {
  const TemporaryFolder folder;
  write_file(folder / "file", std::string(1'000'000, 'a'));
  EXPECT_EQ(sha256_of_file(folder / "file"), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, OfAFileLongerThanTheBufferIsThatOfItsText) {
  const TemporaryFolder folder;
  std::string text;
  for (int i = 0; i < 300'000; ++i) text += std::to_string(i);
  write_file(folder / "file", text);
  EXPECT_EQ(sha256_of_file(folder / "file"), sha256(text));
}

TEST(Sha256, NamesAFileThatCannotBeRead) {
  const TemporaryFolder folder;
  expect_io_error_naming("absent", [&] { static_cast<void>(sha256_of_file(folder / "absent")); });
  expect_io_error_naming(folder.path().string(), [&] { static_cast<void>(sha256_of_file(folder.path())); });
}

}  // namespace
}  // namespace w2s
