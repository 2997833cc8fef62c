// A folder with a tiny model and a data set, small enough for the whole job in a second.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "cli/process.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "w2s/base.h"

namespace w2s::test {

class SmallStudy : public ::testing::Test {
 protected:
  void SetUp() override {
    write_tiny_model(folder_ / "model.gguf", tiny_llama());
    write("review.jsonl", samples(30));
  }

  /// JSONL with so many preference pairs.
  static std::string samples(std::size_t count) {
    constexpr std::string_view things[] = {"soup", "camera", "room", "song", "train"};
    std::string text;
    for (std::size_t i = 0; i < count; ++i) {
      text += R"({"id": )" + std::to_string(i) + R"(, "prompt": "The )" + std::string(things[i % 5]) + " number " +
              std::to_string(i) + R"( was", "chosen": " great", "rejected": " terrible"})" + "\n";
    }
    return text;
  }

  void write(std::string_view name, std::string_view content) const { write_file(folder_ / name, content); }
  [[nodiscard]] std::string path(std::string_view name) const { return (folder_ / name).string(); }
  [[nodiscard]] bool exists(std::string_view name) const { return std::filesystem::exists(folder_ / name); }

  [[nodiscard]] ProcessResult w2s(const std::vector<std::string>& arguments, const ProcessOptions& options = {}) const {
    return run_w2s(folder_.path(), arguments, options);
  }

  /// `w2s run` with a search space of one point, and what else is given.
  [[nodiscard]] std::vector<std::string> run_arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {"run",
                                          "-m",
                                          path("model.gguf"),
                                          "--data",
                                          path("review.jsonl"),
                                          "-o",
                                          path("results"),
                                          "--seeds",
                                          "2",
                                          "--learning-rates",
                                          "0.001",
                                          "--hidden-widths",
                                          "8",
                                          "--hidden-layers",
                                          "1",
                                          "--weight-decays",
                                          "0.01"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  /// `w2s sweep` with vectors from `w2s vectors`.
  [[nodiscard]] std::vector<std::string> sweep_arguments(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments = {
        "sweep", "-m", path("model.gguf"), "--data", path("review.jsonl"), "--vectors", path("vectors.gguf")};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }

  void make_vectors() const {
    const auto made = w2s(
        {"vectors", "-m", path("model.gguf"), "--data", path("review.jsonl"), "-o", path("vectors.gguf"), "--quiet"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
  }

 private:
  TemporaryFolder folder_;
};

}  // namespace w2s::test
