#include "w2s/report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "report/gather_report.h"
#include "report/open_study.h"
#include "report/render_report.h"
#include "report/web_files.h"
#include "w2s/base.h"
#include "w2s/results.h"

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
  const auto study = report::open_study(folder);
  StudyFindings findings{.model = model_name(study.settings()), .seed = study.seed(), .results = {}};
  for (const auto& behavior : study.behaviors()) {
    job.check_stop();
    std::ranges::move(analyze_layers(BehaviorResults(behavior)), std::back_inserter(findings.analyses));
  }
  findings.results = study.results();
  if (auto comparison = study.encoder_comparison()) {
    findings.encoders = std::move(comparison->scores);
    findings.spaces = std::move(comparison->spaces);
  }
  return findings;
}

}  // namespace w2s
