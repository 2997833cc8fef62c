#include "w2s/report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/gather_report.h"
#include "report/render_report.h"
#include "report/study_files.h"
#include "report/web_files.h"
#include "w2s/error.h"
#include "w2s/layer_analysis.h"

namespace w2s {
namespace {

std::string model_name(const SettingsFile& settings) {
  const auto file = settings.run.find("model file");
  if (file == settings.run.end()) return "model";
  const std::filesystem::path name(file->second);
  return (name.extension() == ".gguf" ? name.stem() : name).string();
}

}  // namespace

std::string make_report(const std::filesystem::path& folder, const Job& job) {
  const auto page = report::report_page_template();
  if (page.empty()) {
    throw Error(ErrorKind::usage,
                "this w2s was built without the report's page; install Node.js 20.19 or later and build it with "
                "-DW2S_WEB=ON");
  }
  return report::render_report(report::gather_report(folder, job), page);
}

StudyFindings findings_of_study(const std::filesystem::path& folder, const Job& job) {
  const auto folders = report::behaviors_of_study(folder);
  StudyFindings findings{
      .model = model_name(report::settings_of_study(folder)), .seed = study_seed(folder), .results = {}};
  for (const auto& behavior : folders) {
    job.check_stop();
    std::ranges::move(analyze_layers(behavior), std::back_inserter(findings.analyses));
  }
  findings.results = report::results_of_study(folder);
  if (auto comparison = report::encoders_of_study(folder)) {
    findings.encoders = std::move(comparison->scores);
    findings.spaces = std::move(comparison->spaces);
  }
  return findings;
}

}  // namespace w2s
