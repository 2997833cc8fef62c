// Writes pages for the tests in a browser, and what is to be seen on them:
//   report_example_pages FOLDER
// tiny.html (a study on a tiny model), hostile.html (names and prompts that try to break the page), large.html (13
// behaviours of 1000 samples at 40 layers) and expected.json.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "report/gather_report.h"
#include "report/render_report.h"
#include "report/study_of_two_behaviors.h"
#include "report/synthetic_reports.h"
#include "report/web_files.h"
#include "support/temporary_folder.h"
#include "w2s/base.h"
#include "w2s/sweep.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

// Longer prompts are left out of what is expected.
constexpr std::size_t long_text = 10'000;

Json parts_json(const report::BehaviorReport& behavior) {
  Json counts = Json::object();
  for (const auto part : {SplitPart::train, SplitPart::validation, SplitPart::test})
    counts[std::string(to_string(part))] = std::ranges::count(behavior.parts, part);
  return counts;
}

// A few, the first and the last among them.
std::vector<std::size_t> some_samples(std::size_t samples) {
  std::vector<std::size_t> some = {0, 1, samples / 2, samples - 1};
  for (std::size_t i = 2; i < samples && samples < 50; ++i)
    if (i != samples / 2 && i + 1 != samples) some.push_back(i);
  std::ranges::sort(some);
  return some;
}

Json sample_json(const report::ReportData& data, const report::MethodReport& method, std::size_t sample) {
  Json choices = Json::object();
  for (const auto& [policy, layers] : method.choices) choices[policy] = layers[sample];
  return {{"sample", sample},
          {"best", method.best[sample]},
          {"choices", std::move(choices)},
          {"steerability", steerability(data.multipliers, method.propensity[sample])},
          {"propensityAtFirstLayer", method.propensity[sample].layer(0)}};
}

Json method_json(const report::ReportData& data, const report::MethodReport& method) {
  Json samples = Json::array();
  for (const auto sample : some_samples(method.best.size())) samples.push_back(sample_json(data, method, sample));
  return {{"method", method.analysis.method},        {"fixedLayer", method.analysis.fixed_layer},
          {"fixed", method.analysis.fixed},          {"defaultPolicy", method.default_policy},
          {"bestCount", method.analysis.best_count}, {"samples", std::move(samples)}};
}

Json prompts_json(const report::BehaviorReport& behavior) {
  Json prompts = Json::array();
  if (behavior.prompts.empty()) return prompts;
  for (const auto sample : some_samples(behavior.ids.size())) {
    const auto& prompt = behavior.prompts[sample];
    prompts.push_back({{"sample", sample},
                       {"id", behavior.ids[sample]},
                       {"part", std::string(to_string(behavior.parts[sample]))},
                       {"before", prompt.before.size() > long_text ? Json(nullptr) : Json(prompt.before)},
                       {"steered", prompt.steered},
                       {"chosen", prompt.chosen},
                       {"rejected", prompt.rejected}});
  }
  return prompts;
}

Json behavior_json(const report::ReportData& data, const report::BehaviorReport& behavior) {
  Json methods = Json::array();
  for (const auto& method : behavior.methods) methods.push_back(method_json(data, method));
  return {{"name", behavior.name},
          {"samples", behavior.ids.size()},
          {"parts", parts_json(behavior)},
          {"prompts", prompts_json(behavior)},
          {"methods", std::move(methods)}};
}

Json facts_of(const report::ReportData& data) {
  Json behaviors = Json::array();
  for (const auto& behavior : data.behaviors) behaviors.push_back(behavior_json(data, behavior));
  return {{"title", data.title},     {"layers", data.layers},          {"multipliers", data.multipliers},
          {"methods", data.methods}, {"results", data.results.size()}, {"behaviors", std::move(behaviors)}};
}

report::ReportData tiny_report() {
  const TemporaryFolder folder;
  write_study_of_two_behaviors(folder / "tiny");
  return report::gather_report(folder / "tiny");
}

void write_pages(const fs::path& folder) {
  if (report::report_page_template().empty())
    throw Error(ErrorKind::usage, "there are no pages to test: this was built with W2S_WEB=OFF");
  fs::create_directories(folder);
  Json expected = Json::object();
  const auto write = [&](const std::string& name, const report::ReportData& data) {
    const auto html = report::render_report(data, report::report_page_template());
    write_file(folder / (name + ".html"), html);
    expected[name] = facts_of(data);
    expected[name]["bytes"] = html.size();
  };
  write("tiny", tiny_report());
  write("hostile", hostile_report());
  write("large", large_report());
  write_file(folder / "expected.json", expected.dump(1, ' ', false, Json::error_handler_t::replace) + "\n");
}

}  // namespace
}  // namespace w2s::test

int main(int count, char** arguments) try {
  if (count != 2) {
    std::fputs("usage: report_example_pages FOLDER\n", stderr);
    return 2;
  }
  w2s::test::write_pages(arguments[1]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
