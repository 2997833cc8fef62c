#include "vectors/npz.h"

#include <gmock/gmock.h>

#include <limits>

#include "base/random.h"
#include "support/error_of.h"
#include "vectors/zip_archive.h"
#include "w2s/base.h"

namespace w2s::vectors {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

// As numpy.save writes it, but for the spaces that align the data.
std::string npy(const std::string& header, std::string_view data) {
  std::string bytes = "\x93NUMPY";
  bytes += '\x01';
  bytes += '\x00';
  bytes += static_cast<char>(header.size() & 0xFFU);
  bytes += static_cast<char>(header.size() >> 8U);
  return bytes.append(header).append(data);
}

std::string header(std::string_view type, std::string_view shape, std::string_view fortran_order = "False") {
  std::string text = "{'descr': '";
  text.append(type).append("', 'fortran_order': ").append(fortran_order).append(", 'shape': ").append(shape);
  return text + ", }\n";
}

template <typename Number>
std::string bytes_of(const std::vector<Number>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(Number)};
}

std::string floats(std::string_view shape, const std::vector<float>& values) {
  return npy(header("<f4", shape), bytes_of(values));
}

LayerDirections read(const ZipArchive& archive) { return directions_of_npz(zip_archive_bytes(archive)); }

std::string refusal_of_bytes(std::string_view bytes) {
  return test::message_of(ErrorKind::vectors, [&] { static_cast<void>(directions_of_npz(bytes)); });
}

std::string refusal(const ZipArchive& archive) { return refusal_of_bytes(zip_archive_bytes(archive)); }

std::string refusal_of_directions(const std::string& array) { return refusal({{"directions.npy", array}}); }

LayerDirections two_layers() {
  return {.method = "caa",
          .model_architecture = "llama",
          .by_layer = {{0, {1, -0.0F, 1e-45F}}, {1, {0.1F, std::numeric_limits<float>::max(), -7}}}};
}

TEST(Npz, KeepsEveryBit) {
  const auto read = directions_of_npz(npz_of(two_layers()));
  EXPECT_EQ(read.method, "caa");
  EXPECT_EQ(read.model_architecture, "llama");
  ASSERT_EQ(read.by_layer.size(), 2U);
  for (const auto& [layer, direction] : two_layers().by_layer)
    EXPECT_EQ(bytes_of(read.by_layer.at(layer)), bytes_of(direction));
}

TEST(Npz, HoldsArraysAsNumpyWritesThem) {
  auto directions = two_layers();
  directions.model_architecture = "größe";
  const auto archive = read_zip_archive(npz_of(directions));
  ASSERT_EQ(archive.size(), 4U);
  const auto& array = archive.at("directions.npy");
  EXPECT_EQ(array.substr(0, 10), std::string("\x93NUMPY\x01\x00\x76\x00", 10));
  EXPECT_THAT(array, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   "));
  EXPECT_EQ(array[127], '\n');
  EXPECT_EQ(array.size(), 128 + 6 * sizeof(float));
  EXPECT_THAT(archive.at("layers.npy"), HasSubstr("'<i8', 'fortran_order': False, 'shape': (2,), }"));
  EXPECT_EQ(archive.at("layers.npy").substr(128), bytes_of(std::vector<std::int64_t>{0, 1}));
  EXPECT_THAT(archive.at("method.npy"), HasSubstr("'<U3', 'fortran_order': False, 'shape': (), }"));
  EXPECT_EQ(archive.at("method.npy").substr(128), bytes_of(std::vector<char32_t>{'c', 'a', 'a'}));
  EXPECT_EQ(archive.at("model_architecture.npy").substr(128),
            bytes_of(std::vector<char32_t>{'g', 'r', U'ö', U'ß', 'e'}));
}

TEST(Npz, GivesTheSameBytesForTheSameContent) { EXPECT_EQ(npz_of(two_layers()), npz_of(two_layers())); }

// numpy.savez_compressed(file, **{"2": array([1, 2.5, -3e-45], "<f8"), "direction.4": array([0.1, 0, 6e7], "<f4"),
//                                 "method": array("pca größe")}), by NumPy 2.4.
TEST(Npz, ReadsWhatNumpyCompressed) {
  const auto read = directions_of_npz(read_file(std::string(W2S_TEST_FIXTURES) + "/numpy_compressed.npz"));
  EXPECT_EQ(read.method, "pca größe");
  EXPECT_THAT(read.by_layer, ElementsAre(Pair(2, ElementsAre(1, 2.5F, -3e-45F)), Pair(4, ElementsAre(0.1F, 0, 6e7F))));
}

TEST(Npz, ReadsRowsThatNameTheirLayers) {
  const auto layers = npy(header("<i4", "(2,)"), bytes_of(std::vector<std::int32_t>{7, 3}));
  const auto read_back = read({{"directions.npy", floats("(2, 2)", {1, 2, 3, 4})}, {"layers.npy", layers}});
  EXPECT_THAT(read_back.by_layer, ElementsAre(Pair(3, ElementsAre(3, 4)), Pair(7, ElementsAre(1, 2))));
}

TEST(Npz, ReadsHeadersOfEveryVersion) {
  for (const char version : {'\x02', '\x03'}) {
    auto array = floats("(1, 2)", {1, 2});
    array[6] = version;
    array.insert(10, 2, '\0');  // the header's length has 32 bits
    EXPECT_THAT(read({{"directions.npy", array}}).by_layer, ElementsAre(Pair(0, ElementsAre(1, 2))));
  }
}

TEST(Npz, PassesOverArraysOfOtherNames) {
  const auto read_back = read({{"3.npy", floats("(2,)", {1, 2})}, {"layer_4.npy", floats("(2,)", {3, 4})}});
  EXPECT_THAT(read_back.by_layer, ElementsAre(Pair(3, ElementsAre(1, 2))));
}

TEST(Npz, WithoutDirectionsSaysWhatItFound) {
  EXPECT_THAT(refusal({{"layer_4.npy", floats("(2,)", {3, 4})}, {"bias.npy", floats("(1,)", {3})}}),
              HasSubstr("'bias', 'layer_4'"));
  EXPECT_THAT(refusal_of_bytes(zip_archive_bytes({{"readme.txt", "no array"}})), HasSubstr("'readme.txt'"));
}

TEST(Npz, NamesTheTypeThatItCannotRead) {
  EXPECT_THAT(refusal_of_directions(npy(header("<i8", "(1, 1)"), std::string(8, '\0'))),
              HasSubstr("array 'directions' has the NumPy type '<i8', not float32 or float64"));
  EXPECT_THAT(refusal_of_directions(npy(header(">f4", "(1, 1)"), std::string(4, '\0'))), HasSubstr("'>f4'"));
  EXPECT_THAT(refusal_of_directions(npy(header("|O", "(1, 1)"), "pickle")), HasSubstr("'|O'"));
  EXPECT_THAT(refusal_of_directions(
                  npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }\n", std::string(4, '\0'))),
              HasSubstr("type cannot be read"));
}

TEST(Npz, RefusesFortranOrderAndSaysWhatToDo) {
  EXPECT_THAT(refusal_of_directions(npy(header("<f4", "(2, 2)", "True"), std::string(16, '\0'))),
              HasSubstr("numpy.ascontiguousarray"));
}

TEST(Npz, RefusesOtherNumbersOfDimensions) {
  EXPECT_THAT(refusal_of_directions(floats("(2,)", {1, 2})), HasSubstr("1 dimensions, not [layers][width]"));
  EXPECT_THAT(refusal({{"3.npy", floats("(1, 2)", {1, 2})}}), HasSubstr("array '3' has 2 dimensions"));
}

TEST(Npz, RefusesLayersThatDoNotFitTheRows) {
  const auto directions = floats("(2, 1)", {1, 2});
  const auto layers = [](const std::vector<std::int64_t>& numbers) {
    return npy(header("<i8", "(" + std::to_string(numbers.size()) + ",)"), bytes_of(numbers));
  };
  EXPECT_THAT(refusal({{"directions.npy", directions}, {"layers.npy", layers({1, 2, 3})}}),
              HasSubstr("2 rows, and 'layers' names 3"));
  EXPECT_THAT(refusal({{"directions.npy", directions}, {"layers.npy", layers({1, 1})}}),
              HasSubstr("two directions for layer 1"));
  EXPECT_THAT(refusal({{"directions.npy", directions}, {"layers.npy", layers({1, -1})}}), HasSubstr("negative"));
}

TEST(Npz, RefusesDataOfAnotherSizeThanTheShape) {
  EXPECT_THAT(refusal_of_directions(floats("(2, 2)", {1, 2, 3})), HasSubstr("12 bytes"));
  EXPECT_THAT(refusal_of_directions(floats("(4611686018427387904, 4)", {})), HasSubstr("0 bytes"));
  EXPECT_THAT(refusal_of_directions(floats("(99999999999999999999999,)", {})), HasSubstr("shape cannot be read"));
}

TEST(Npz, RefusesWhatIsNoArchive) {
  EXPECT_THAT(refusal_of_bytes(""), HasSubstr("no arrays"));
  EXPECT_THAT(refusal_of_bytes("GGUF and more of what is no archive at all"), HasSubstr("not a zip archive"));
  EXPECT_THAT(refusal_of_directions("no array"), HasSubstr("array 'directions' is no NumPy array"));
}

TEST(Npz, SurvivesRandomCorruption) {
  const auto numpys = read_file(std::string(W2S_TEST_FIXTURES) + "/numpy_compressed.npz");
  Random random(20240607);
  int refused = 0;
  constexpr int trials = 2000;
  for (int trial = 0; trial < trials; ++trial) {
    std::string corrupt = trial % 2 == 0 ? npz_of(two_layers()) : numpys;
    const std::size_t changes = 1 + random.below(4);
    for (std::size_t i = 0; i < changes; ++i) corrupt[random.below(corrupt.size())] = static_cast<char>(random.next());
    if (random.below(4) == 0) corrupt.resize(random.below(corrupt.size()));
    try {
      static_cast<void>(directions_of_npz(corrupt));
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::vectors) << error.what();
      ++refused;
    }
  }
  EXPECT_GT(refused, trials / 2);
}

// The checksum is of the unpacked bytes, so that a changed one in a header that still parses is found, too.
TEST(Npz, RefusesEveryChangedByteOfAnArray) {
  const auto whole = npz_of(two_layers());
  const auto begin = whole.find("\x93NUMPY");
  for (std::size_t i = begin; i < begin + 128; ++i) {
    auto corrupt = whole;
    corrupt[i] = static_cast<char>(corrupt[i] ^ 1);
    EXPECT_THAT(refusal_of_bytes(corrupt), HasSubstr("damaged")) << i;
  }
}

TEST(Npz, RefusesAnArchiveThatWouldUnpackToTooMuch) {
  auto bytes = zip_archive_bytes({{"0.npy", "tiny"}});
  const auto directory = bytes.find("PK\x01\x02");
  ASSERT_NE(directory, std::string::npos);
  constexpr std::size_t size_field = 24;
  for (std::size_t i = 0; i < 4; ++i) bytes[directory + size_field + i] = static_cast<char>(i == 3 ? 0x7F : 0xFF);
  EXPECT_THAT(refusal_of_bytes(bytes), HasSubstr("MiB"));
}

}  // namespace
}  // namespace w2s::vectors
