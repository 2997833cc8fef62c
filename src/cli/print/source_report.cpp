#include "cli/print/source_report.h"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <span>
#include <vector>

namespace w2s::cli {
namespace {

double norm(std::span<const float> vector) {
  double squares = 0;
  for (const float value : vector) squares += static_cast<double>(value) * static_cast<double>(value);
  return std::sqrt(squares);
}

struct LayerOfSource {
  std::size_t layer = 0;
  double norm = 0;
  OracleAgreement agreement = {};
};

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
  using Row = LayerOfSource;
  const auto& info = source.info();
  const bool is_constant = !depends_on_input(source);
  const bool is_measured = info.validation.size() == info.layers;
  std::vector<Row> rows;
  for (std::size_t layer = 0; layer < info.layers; ++layer) {
    auto& row = rows.emplace_back(Row{.layer = layer});
    if (is_constant) row.norm = norm(source.vector(layer, {}));
    if (is_measured) row.agreement = info.validation[layer];
  }

  Fields<Row> fields = {{column_named("layer"), &Row::layer}};
  if (is_constant) fields.push_back({column_named("norm", significant_digits(4)), &Row::norm});
  if (!is_measured) return {.table = table_of(fields, rows)};
  const auto add = [&](const Column& column, auto number_of) {
    fields.push_back({column, [number_of](const Row& row) { return to_cell(std::invoke(number_of, row.agreement)); }});
  };
  add(column_named("cosine", decimals(4)), &OracleAgreement::cosine);
  add({"mean_cosine", "mean's cosine", decimals(4)}, &OracleAgreement::mean_cosine);
  add({.field = "error"}, &OracleAgreement::error);
  add({.field = "mean_error"}, &OracleAgreement::mean_error);
  add({.heading = "error saved", .notation = percentage()}, error_saved);
  return {.table = table_of(fields, rows),
          .notes = fmt::format("With the oracle vectors of held-out samples, mean over layers: {}.\n",
                               describe(mean_over_layers(info.validation)))};
}

std::string describe(const OracleAgreement& agreement) {
  return fmt::format("cosine {:.4f}, the training mean's {:.4f}; {}", agreement.cosine, agreement.mean_cosine,
                     describe_error_saved(100 * error_saved(agreement)));
}

}  // namespace w2s::cli
