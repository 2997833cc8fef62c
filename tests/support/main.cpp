// What a room's test program begins with: GoogleTest's main function, and --topic NAME for the tests of one file.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <string>
#include <string_view>

namespace {

// The tests of a file as GoogleTest's filter names them; empty if there are none.
std::string filter_of(std::string_view topic) {
  const auto file = std::string(topic) + "_test.cpp";
  const auto& tests = *testing::UnitTest::GetInstance();
  std::string filter;
  for (int i = 0; i < tests.total_test_suite_count(); ++i) {
    const auto& suite = *tests.GetTestSuite(i);
    for (int j = 0; j < suite.total_test_count(); ++j) {
      const auto& test = *suite.GetTestInfo(j);
      if (std::filesystem::path(test.file()).filename() == file)
        filter += std::string(suite.name()) + "." + test.name() + ":";
    }
  }
  return filter;
}

}  // namespace

int main(int argc, char** argv) {
  testing::InitGoogleMock(&argc, argv);
  if (argc == 3 && std::string_view(argv[1]) == "--topic") {
    const auto filter = filter_of(argv[2]);
    if (filter.empty()) {
      std::cerr << "no test is in a file " << argv[2] << "_test.cpp\n";
      return 1;
    }
    testing::GTEST_FLAG(filter) = filter;
  } else if (argc > 1) {
    std::cerr << "usage: " << argv[0] << " [--topic NAME] [GoogleTest's options]\n";
    return 1;
  }
  return RUN_ALL_TESTS();
}
