#include "w2s/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <csignal>
#include <fstream>
#include <functional>
#include <iterator>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "base/random.h"
#include "support/error_of.h"
#include "support/file_size_limit.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;
using test::error_of;
using test::FileSizeLimit;
using test::TemporaryFolder;
using testing::ElementsAre;
using testing::HasSubstr;
using Integers = std::vector<std::int64_t>;
using Numbers = std::vector<double>;
using Texts = std::vector<std::string>;

// The numbers of the GGUF specification.
enum GgufType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, array, u64, i64, f64 };
enum TensorType : std::uint32_t { tensor_f32 = 0, tensor_f16 = 1, tensor_q4_0 = 2 };

// Builds GGUF files byte by byte, the ones that write_tensor_file does not write among them.
class GgufBytes {
 public:
  GgufBytes(std::uint64_t tensors, std::uint64_t metadata) : bytes_("GGUF") {
    number(std::uint32_t{3}).number(tensors).number(metadata);
  }

  template <typename T>
  GgufBytes& number(T value) {
    const auto raw = std::bit_cast<std::array<char, sizeof(T)>>(value);
    bytes_.append(raw.data(), raw.size());
    return *this;
  }
  GgufBytes& string(std::string_view value) {
    number(std::uint64_t{value.size()});
    bytes_ += value;
    return *this;
  }
  template <typename T>
  GgufBytes& entry(std::string_view key, GgufType type, T value) {
    return string(key).number(std::uint32_t{type}).number(value);
  }
  GgufBytes& tensor(std::string_view name, const std::vector<std::uint64_t>& dimensions, std::uint32_t type,
                    std::uint64_t offset) {
    string(name).number(static_cast<std::uint32_t>(dimensions.size()));
    for (const std::uint64_t length : dimensions) number(length);
    return number(type).number(offset);
  }
  GgufBytes& pad() {
    while (bytes_.size() % 32 != 0) bytes_ += '\0';
    return *this;
  }
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

class TensorFileTest : public testing::Test {
 protected:
  [[nodiscard]] TensorFile round_trip(const TensorFile& file) const {
    write_tensor_file(path, file);
    return read_tensor_file(path);
  }
  // Without write_file's fsync, which is slow thousands of times.
  void put(const std::string& bytes) const { std::ofstream(path, std::ios::binary) << bytes; }
  [[nodiscard]] TensorFile read(const std::string& bytes) const {
    put(bytes);
    return read_tensor_file(path);
  }
  [[nodiscard]] Error read_error() const {
    return error_of([this] { static_cast<void>(read_tensor_file(path)); });
  }
  [[nodiscard]] Error read_error(const std::string& bytes) const {
    put(bytes);
    return read_error();
  }

  TemporaryFolder folder;
  fs::path path = folder / "file.gguf";
};

void expect_equal(const TensorFile& actual, const TensorFile& expected) {
  EXPECT_EQ(actual.metadata, expected.metadata);
  ASSERT_EQ(actual.tensors.size(), expected.tensors.size());
  for (const auto& [name, tensor] : expected.tensors) {
    ASSERT_TRUE(actual.tensors.contains(name)) << name;
    EXPECT_EQ(actual.tensors.at(name).shape, tensor.shape) << name;
    EXPECT_EQ(actual.tensors.at(name).values, tensor.values) << name;
  }
}

// The last tensor ends where the file does: 32 bytes, which is the alignment.
TensorFile small_file() {
  TensorFile file;
  file.metadata["general.architecture"] = std::string("controlvector");
  file.metadata["layers"] = std::int64_t{2};
  file.metadata["names"] = Texts{"a", "bc"};
  file.tensors["direction.0"] = {{3}, {1, 2, 3}};
  file.tensors["direction.1"] = {{2, 4}, {1, 2, 3, 4, 5, 6, 7, 8}};
  return file;
}

TEST_F(TensorFileTest, RoundTripsEveryTypeOfMetadata) {
  TensorFile file;
  file.metadata["yes"] = true;
  file.metadata["no"] = false;
  file.metadata["zero"] = std::int64_t{0};
  file.metadata["largest unsigned of 32 bits"] = std::int64_t{4294967295};
  file.metadata["smallest of 32 bits"] = std::int64_t{-2147483648};
  file.metadata["smallest of 64 bits"] = std::numeric_limits<std::int64_t>::min();
  file.metadata["largest of 64 bits"] = std::numeric_limits<std::int64_t>::max();
  file.metadata["half"] = 0.5;
  file.metadata["text"] = std::string("näíve \n \"text\"");
  file.metadata["no text"] = std::string();
  file.metadata["integers"] = Integers{-1, 0, 2147483647};
  file.metadata["unsigned integers"] = Integers{0, 4294967295};
  file.metadata["large integers"] = Integers{-1, 4294967295};
  file.metadata["numbers"] = Numbers{0.25, -1e9};
  file.metadata["texts"] = Texts{"", "a", "b c"};
  expect_equal(round_trip(file), file);
}

TEST_F(TensorFileTest, RoundTripsEmptyArrays) {
  TensorFile file;
  file.metadata["integers"] = Integers{};
  file.metadata["numbers"] = Numbers{};
  file.metadata["texts"] = Texts{};
  file.tensors["nothing"] = {{0}, {}};
  file.tensors["something"] = {{2}, {1, 2}};
  expect_equal(round_trip(file), file);
}

TEST_F(TensorFileTest, RoundTripsAFileWithoutContent) { expect_equal(round_trip({}), {}); }

TEST_F(TensorFileTest, RoundTripsTensorsOfOneToFourDimensions) {
  TensorFile file;
  std::vector<std::size_t> shape;
  std::size_t count = 1;
  for (const std::size_t length : {2, 3, 1, 5}) {
    shape.push_back(length);
    count *= length;
    Tensor& tensor = file.tensors["rank " + std::to_string(shape.size())];
    tensor.shape = shape;
    for (std::size_t i = 0; i < count; ++i) tensor.values.push_back(static_cast<float>(i) * 0.1F);
  }
  expect_equal(round_trip(file), file);
}

TEST_F(TensorFileTest, KeepsEveryBitOfAFloat) {
  const std::vector<float> values{-0.0F, 1e-45F, 3.4028235e38F, std::numeric_limits<float>::infinity(), 0.1F};
  TensorFile file;
  file.tensors["values"] = {{values.size()}, values};
  const std::vector<float> read = round_trip(file).tensors.at("values").values;
  ASSERT_EQ(read.size(), values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(read[i]), std::bit_cast<std::uint32_t>(values[i]));
  }
}

TEST_F(TensorFileTest, ReadsShapesWithoutLeadingOnes) {
  TensorFile file;
  file.tensors["row"] = {{1, 3}, {1, 2, 3}};
  file.tensors["column"] = {{3, 1}, {1, 2, 3}};
  file.tensors["scalar"] = {{}, {7}};
  file.tensors["no rows"] = {{0, 3}, {}};
  const TensorFile read = round_trip(file);
  EXPECT_THAT(read.tensors.at("row").shape, ElementsAre(3));
  EXPECT_THAT(read.tensors.at("column").shape, ElementsAre(3, 1));
  EXPECT_THAT(read.tensors.at("scalar").shape, ElementsAre(1));
  EXPECT_THAT(read.tensors.at("scalar").values, ElementsAre(7));
  EXPECT_THAT(read.tensors.at("no rows").shape, ElementsAre(0));
}

TEST_F(TensorFileTest, WritesNumbersThirtyTwoBitsWideWhereTheyFit) {
  TensorFile file;
  file.metadata["count"] = std::int64_t{7};
  file.metadata["below"] = std::int64_t{-7};
  file.metadata["large"] = std::int64_t{1} << 40;
  file.metadata["ratio"] = 0.5;
  write_tensor_file(path, file);
  const std::string bytes = read_file(path);
  const auto type_of = [&](std::string_view key) {
    return static_cast<std::uint32_t>(bytes.at(bytes.find(key) + key.size()));
  };
  EXPECT_EQ(type_of("count"), u32);
  EXPECT_EQ(type_of("below"), i32);
  EXPECT_EQ(type_of("large"), i64);
  EXPECT_EQ(type_of("ratio"), f32);
}

TEST_F(TensorFileTest, WidensNumbersOfEveryWidth) {
  GgufBytes bytes(0, 12);
  bytes.entry("u8", u8, std::uint8_t{255}).entry("i8", i8, std::int8_t{-128});
  bytes.entry("u16", u16, std::uint16_t{65535}).entry("i16", i16, std::int16_t{-32768});
  bytes.entry("u32", u32, std::uint32_t{4294967295}).entry("i32", i32, std::int32_t{-5});
  bytes.entry("u64", u64, std::uint64_t{9223372036854775807U}).entry("i64", i64, std::int64_t{-6});
  bytes.entry("f32", f32, 0.5F).entry("f64", f64, 0.1).entry("bool", boolean, std::int8_t{1});
  bytes.string("bools").number(std::uint32_t{array}).number(std::uint32_t{boolean}).number(std::uint64_t{2});
  bytes.number(std::int8_t{1}).number(std::int8_t{0});
  const std::map<std::string, MetadataValue> expected{{"u8", std::int64_t{255}},
                                                      {"i8", std::int64_t{-128}},
                                                      {"u16", std::int64_t{65535}},
                                                      {"i16", std::int64_t{-32768}},
                                                      {"u32", std::int64_t{4294967295}},
                                                      {"i32", std::int64_t{-5}},
                                                      {"u64", std::int64_t{9223372036854775807}},
                                                      {"i64", std::int64_t{-6}},
                                                      {"f32", 0.5},
                                                      {"f64", 0.1},
                                                      {"bool", true},
                                                      {"bools", Integers{1, 0}}};
  EXPECT_EQ(read(bytes.bytes()).metadata, expected);
}

TEST_F(TensorFileTest, RefusesAnIntegerBeyondSixtyThreeBits) {
  GgufBytes bytes(0, 1);
  bytes.entry("huge", u64, std::uint64_t{1} << 63U);
  const Error error = read_error(bytes.bytes());
  EXPECT_EQ(error.kind(), ErrorKind::data);
  EXPECT_THAT(error.what(), HasSubstr("'huge'"));
}

TEST_F(TensorFileTest, ReadsHalfPrecision) {
  GgufBytes bytes(1, 0);
  bytes.tensor("halves", {4}, tensor_f16, 0).pad();
  for (const int half : {0x3C00, 0xC000, 0x0001, 0x7BFF}) bytes.number(static_cast<std::uint16_t>(half));
  const Tensor tensor = read(bytes.bytes()).tensors.at("halves");
  EXPECT_THAT(tensor.shape, ElementsAre(4));
  EXPECT_THAT(tensor.values, ElementsAre(1.0F, -2.0F, 0x1p-24F, 65504.0F));
}

TEST_F(TensorFileTest, LeavesOutTheAlignmentButObeysIt) {
  GgufBytes bytes(2, 1);
  bytes.entry("general.alignment", u32, std::uint32_t{64});
  bytes.tensor("a", {1}, tensor_f32, 0).tensor("b", {1}, tensor_f32, 64).pad();
  while (bytes.bytes().size() % 64 != 0) bytes.number('\0');
  bytes.number(1.0F);
  while (bytes.bytes().size() % 64 != 0) bytes.number('\0');
  bytes.number(2.0F);
  const TensorFile file = read(bytes.bytes());
  EXPECT_TRUE(file.metadata.empty());
  EXPECT_THAT(file.tensors.at("a").values, ElementsAre(1));
  EXPECT_THAT(file.tensors.at("b").values, ElementsAre(2));
}

TEST_F(TensorFileTest, RefusesQuantisedTensorsByName) {
  GgufBytes bytes(1, 0);
  bytes.tensor("blk.0.attn_q.weight", {32}, tensor_q4_0, 0).pad().number(std::uint64_t{0}).pad();
  const Error error = read_error(bytes.bytes());
  EXPECT_EQ(error.kind(), ErrorKind::data);
  EXPECT_THAT(error.what(), HasSubstr("'blk.0.attn_q.weight' has type q4_0"));
}

TEST_F(TensorFileTest, RefusesWhatIsNotGguf) {
  for (const std::string content : {"", "GGU", "GGML and more", "{\"json\": true}"}) {
    const Error error = read_error(content);
    EXPECT_EQ(error.kind(), ErrorKind::data) << content;
    EXPECT_THAT(error.what(), HasSubstr(path.string() + ": not a GGUF file")) << content;
  }
}

TEST_F(TensorFileTest, SaysWhyAFileCannotBeOpened) {
  EXPECT_EQ(read_error().kind(), ErrorKind::io);
  EXPECT_THAT(read_error().what(), HasSubstr("No such file"));
  fs::create_directory(path);
  EXPECT_EQ(read_error().kind(), ErrorKind::io);
  EXPECT_THAT(read_error().what(), HasSubstr("Is a directory"));
}

TEST_F(TensorFileTest, RefusesAFileCutAtAnyLength) {
  write_tensor_file(path, small_file());
  const std::string whole = read_file(path);
  for (std::size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    EXPECT_EQ(read_error(whole.substr(0, length)).kind(), ErrorKind::data);
  }
  expect_equal(read(whole), small_file());
}

TEST_F(TensorFileTest, NamesTheTensorInsideWhichAFileEnds) {
  write_tensor_file(path, small_file());
  const std::string whole = read_file(path);
  EXPECT_THAT(read_error(whole.substr(0, whole.size() - 1)).what(), HasSubstr("truncated inside tensor 'direction.1'"));
}

TEST_F(TensorFileTest, RefusesSizesThatCannotBe) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 62U;
  const std::vector<std::vector<std::uint64_t>> shapes{
      {std::uint64_t{1} << 40U}, {huge}, {huge, 4}, {huge, huge}, {std::uint64_t{1} << 40U, std::uint64_t{1} << 24U},
      {~std::uint64_t{0}},       {9},    {8, 2}};
  for (const auto& dimensions : shapes) {
    GgufBytes bytes(1, 0);
    bytes.tensor("values", dimensions, tensor_f32, 0).pad();
    for (int i = 0; i < 8; ++i) bytes.number(1.0F);
    EXPECT_EQ(read_error(bytes.bytes()).kind(), ErrorKind::data) << dimensions.front();
  }
}

TEST_F(TensorFileTest, RefusesCountsThatCannotBe) {
  constexpr std::uint64_t huge = std::uint64_t{1} << 60U;
  EXPECT_EQ(read_error(GgufBytes(huge, 0).bytes()).kind(), ErrorKind::data);
  EXPECT_EQ(read_error(GgufBytes(0, huge).bytes()).kind(), ErrorKind::data);
  GgufBytes bytes(0, 1);
  bytes.string("list").number(std::uint32_t{array}).number(std::uint32_t{i64}).number(huge);
  EXPECT_EQ(read_error(bytes.bytes()).kind(), ErrorKind::data);
}

TEST_F(TensorFileTest, RefusesTwoTensorsWithOneNameForItsReaders) {
  GgufBytes bytes(2, 0);
  using namespace std::string_view_literals;
  bytes.tensor("a\0b"sv, {1}, tensor_f32, 0).tensor("a\0c"sv, {1}, tensor_f32, 32).pad();
  bytes.number(1.0F).pad().number(2.0F).pad();
  EXPECT_EQ(read_error(bytes.bytes()).kind(), ErrorKind::data);
}

TEST_F(TensorFileTest, SurvivesRandomCorruption) {
  write_tensor_file(path, small_file());
  const std::string whole = read_file(path);
  Random random(20240607);
  int refused = 0;
  constexpr int trials = 3000;
  for (int trial = 0; trial < trials; ++trial) {
    std::string corrupt = whole;
    const std::size_t changes = 1 + random.below(4);
    for (std::size_t i = 0; i < changes; ++i) corrupt[random.below(corrupt.size())] = static_cast<char>(random.next());
    if (random.below(4) == 0) corrupt.resize(random.below(corrupt.size()));
    put(corrupt);
    try {
      static_cast<void>(read_tensor_file(path));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, trials / 4);
  EXPECT_LT(refused, trials);
}

TEST_F(TensorFileTest, RefusesToWriteWhatGgufCannotHold) {
  using namespace std::string_literals;
  const Tensor one{{1}, {1}};
  const std::vector<TensorFile> files{
      {{{"", true}}, {}},
      {{{"a\0b"s, true}}, {}},
      {{{"text", "a\0b"s}}, {}},
      {{{"texts", Texts{"a", "a\0b"s}}}, {}},
      {{{"general.alignment", std::int64_t{64}}}, {}},
      {{}, {{"", one}}},
      {{}, {{"a\0b"s, one}}},
      {{}, {{std::string(64, 'n'), one}}},
      {{}, {{"too few", {{2}, {1}}}}},
      {{}, {{"overflow", {{std::size_t{1} << 33U, std::size_t{1} << 31U}, {}}}}},
      {{}, {{"five dimensions", {{1, 1, 1, 1, 1}, {1}}}}},
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(error_of([&] { write_tensor_file(path, files[i]); }).kind(), ErrorKind::usage);
    EXPECT_FALSE(fs::exists(path));
  }
}

TEST_F(TensorFileTest, AcceptsTheLongestName) {
  TensorFile file;
  file.tensors[std::string(63, 'n')] = {{1}, {1}};
  expect_equal(round_trip(file), file);
}

TEST_F(TensorFileTest, SaysWhereItCannotWrite) {
  path = folder / "missing" / "file.gguf";
  const Error error = error_of([this] { write_tensor_file(path, small_file()); });
  EXPECT_EQ(error.kind(), ErrorKind::io);
  EXPECT_THAT(error.what(), HasSubstr(path.string()));
}

// A small file fails only when it is closed, a large one before.
TEST_F(TensorFileTest, KeepsTheOldFileWhenTheDiskIsFull) {
  for (const std::size_t length : {8U, 100000U}) {
    SCOPED_TRACE(length);
    write_tensor_file(path, small_file());
    TensorFile larger = small_file();
    larger.tensors["more"] = {{length}, std::vector<float>(length, 1)};
    const Error error = error_of([&] {
      const FileSizeLimit limit(64);
      write_tensor_file(path, larger);
    });
    EXPECT_EQ(error.kind(), ErrorKind::io);
    EXPECT_THAT(error.what(), HasSubstr("cannot write " + path.string()));
    expect_equal(read_tensor_file(path), small_file());
    EXPECT_EQ(std::distance(fs::directory_iterator(folder.path()), fs::directory_iterator()), 1);
  }
}

}  // namespace
}  // namespace w2s
