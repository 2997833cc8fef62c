#include "cli/source_report.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <span>

namespace w2s::cli {
namespace {

double norm(std::span<const float> vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

// Of the mean's error; negative where the source is further from the oracle vectors than the mean is.
double error_saved(const OracleAgreement& agreement) {
  return agreement.mean_error == 0 ? 0 : 1 - agreement.error / agreement.mean_error;
}

std::string describe_error_saved(double percent) {
  if (percent == 0) return "the same error as the mean";
  if (percent > 0) return fmt::format("{:.1f}% less error than the mean", percent);
  return fmt::format("{:.1f}% more error than the mean, which is nearer", -percent);
}

}  // namespace

Report source_report(const VectorSource& source) {
  const auto& info = source.info();
  const bool is_constant = !depends_on_input(source);
  const bool is_measured = info.validation.size() == info.layers;
  Report report;
  report.readable.columns = {"layer"};
  if (is_constant) report.readable.columns.emplace_back("norm");
  report.tidy.columns = report.readable.columns;
  if (is_measured) {
    for (const char* column : {"cosine", "mean's cosine", "error saved"}) report.readable.columns.emplace_back(column);
    for (const char* column : {"cosine", "mean_cosine", "error", "mean_error"})
      report.tidy.columns.emplace_back(column);
  }
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    auto& readable = report.readable.rows.emplace_back();
    auto& tidy = report.tidy.rows.emplace_back();
    readable.emplace_back(static_cast<std::int64_t>(layer));
    tidy.emplace_back(static_cast<std::int64_t>(layer));
    if (is_constant) {
      const double length = norm(source.vector(layer, {}));
      readable.emplace_back(fmt::format("{:.4g}", length));
      tidy.emplace_back(length);
    }
    if (!is_measured) continue;
    const auto& agreement = info.validation[layer];
    readable.emplace_back(fmt::format("{:.4f}", agreement.cosine));
    readable.emplace_back(fmt::format("{:.4f}", agreement.mean_cosine));
    readable.emplace_back(fmt::format("{:.1f}%", 100 * error_saved(agreement)));
    for (const double value : {agreement.cosine, agreement.mean_cosine, agreement.error, agreement.mean_error})
      tidy.emplace_back(value);
  }
  if (is_measured) {
    report.notes = fmt::format("With the oracle vectors of held-out samples, mean over layers: {}.\n",
                               describe(mean_over_layers(info.validation)));
  }
  return report;
}

std::string describe(const OracleAgreement& agreement) {
  return fmt::format("cosine {:.4f}, the training mean's {:.4f}; {}", agreement.cosine, agreement.mean_cosine,
                     describe_error_saved(100 * error_saved(agreement)));
}

}  // namespace w2s::cli
