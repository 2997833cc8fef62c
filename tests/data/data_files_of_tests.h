// Small data files that the tests of this room write, and the errors they expect.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/data.h"

namespace w2s::test {

/// A folder with data files of a test's own.
class DataFolder {
 public:
  /// Returns the path, as a source for read_behaviors(). `name` may have folders in it.
  std::string write(std::string_view name, std::string_view content) const {
    const std::filesystem::path path = folder_ / name;
    std::filesystem::create_directories(path.parent_path());
    write_file(path, content);
    return path.string();
  }

  [[nodiscard]] std::string path() const { return folder_.path().string(); }

 private:
  TemporaryFolder folder_;
};

/// The only behaviour of a source.
inline Behavior read_one(const std::string& source) {
  std::vector<Behavior> behaviors = read_behaviors(source);
  EXPECT_EQ(behaviors.size(), 1U);
  return std::move(behaviors.at(0));
}

/// The message of the Error{data} that reading a source must end with.
inline std::string reading_error(const std::string& source, const DataSelection& selection = {}) {
  try {
    static_cast<void>(read_behaviors(source, selection));
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::data) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no error was thrown";
  return {};
}

/// A preference pair that is in order.
inline constexpr std::string_view good_pair = R"({"prompt": "The soup was", "chosen": " hot", "rejected": " cold"})";

}  // namespace w2s::test
