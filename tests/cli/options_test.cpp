// Every option of `w2s run` is one of an experiment's file, recorded in settings.json, and documented.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>
#include <string>
#include <vector>

#include "cli/small_study.h"
#include "w2s/base.h"

namespace w2s::test {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class OptionsOfARun : public SmallStudy {
 protected:
  [[nodiscard]] std::string help() const { return w2s({"run", "--help"}).out; }

  /// Their long names.
  [[nodiscard]] std::vector<std::string> names() const {
    const std::regex option("^  (-\\w,)?--([a-z0-9-]+)");
    std::vector<std::string> all;
    std::istringstream lines(help());
    std::smatch found;
    for (std::string line; std::getline(lines, line);)
      if (std::regex_search(line, found, option)) all.push_back(found[2]);
    return all;
  }

  /// What a configuration with an unknown key says there are.
  [[nodiscard]] std::vector<std::string> keys_instead_of(const std::string& config) const {
    write("experiment.toml", config);
    const auto refusal = w2s({"experiment", path("experiment.toml")}).err;
    const std::string behind = "there are: ";
    std::istringstream list(refusal.substr(refusal.find(behind) + behind.size()));
    std::vector<std::string> keys;
    for (std::string key; list >> key;) keys.push_back(key.substr(0, key.find(',')));
    return keys;
  }
};

TEST_F(OptionsOfARun, AreKeysOfAnExperimentUnlessItSaysThemOtherwise) {
  auto keys = keys_instead_of("nonsense = 1\n");
  const auto of_models = keys_instead_of("[[models]]\nnonsense = 1\n");
  keys.insert(keys.end(), of_models.begin(), of_models.end());
  const std::map<std::string, std::string> otherwise = {{"help", ""},
                                                        {"config", ""},
                                                        {"quiet", ""},
                                                        {"format", ""},
                                                        {"model", "models"},
                                                        {"seed", "seeds"},
                                                        {"behavior", "behaviors"},
                                                        {"method", "methods"},
                                                        {"objective", "objectives"},
                                                        {"seeds", "predictor-seeds"}};
  const auto options = names();
  ASSERT_THAT(options, SizeIs(testing::Ge(30U)));
  for (const auto& name : options) {
    const auto other = otherwise.find(name);
    const auto key = other == otherwise.end() ? name : other->second;
    if (key.empty()) continue;
    EXPECT_THAT(keys, Contains(key)) << "--" << name;
  }
}

TEST_F(OptionsOfARun, AreRecordedWithTheResults) {
  ASSERT_EQ(w2s(run_arguments({"--folds", "3", "--operator", "add-keep-norm"})).exit_code, 0);
  const auto settings = nlohmann::json::parse(read_file(path("results/settings.json")));
  // Where the place, the look or the hardware of a run is told, or what it reads is known by its content.
  const std::map<std::string, std::string> elsewhere = {{"help", ""},
                                                        {"config", ""},
                                                        {"quiet", ""},
                                                        {"format", ""},
                                                        {"output", ""},
                                                        {"ctx-size", ""},
                                                        {"rpc", ""},
                                                        {"data", "/data/review"},
                                                        {"model", "/measurement/model"},
                                                        {"gpu-layers", "/measurement/device"},
                                                        {"chat-template-file", "/measurement/chat template"}};
  for (const auto& name : names()) {
    const auto other = elsewhere.find(name);
    const auto place = other == elsewhere.end() ? "/options/" + name : other->second;
    if (place.empty()) continue;
    EXPECT_TRUE(settings.contains(nlohmann::json::json_pointer(place))) << place;
  }
  EXPECT_EQ(settings["options"]["folds"], "3");
  EXPECT_EQ(settings["options"]["operator"], "add-keep-norm");
  EXPECT_EQ(settings["options"]["encoder"], "middle-last");
}

TEST_F(OptionsOfARun, StandInTheDocumentationAsInHelp) {
  const auto page = read_file(std::filesystem::path(W2S_SOURCE_DIR) / "docs/options.md");
  EXPECT_THAT(page, HasSubstr("```text\n" + help() + "```\n"))
      << "put what `w2s run --help` prints into docs/options.md";
}

}  // namespace
}  // namespace w2s::test
