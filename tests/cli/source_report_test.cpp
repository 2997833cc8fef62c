#include "cli/print/source_report.h"

#include <gmock/gmock.h>

#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Norms 5 and 0.
ConstantSource two_layers(std::vector<OracleAgreement> validation) {
  return {{.method = "test", .layers = 2, .width = 2, .validation = std::move(validation)}, {3, 4, 0, 0}};
}

TEST(SourceReport, HasTheLengthOfEachVector) {
  const auto report = source_report(two_layers({}));
  EXPECT_THAT(records_of(report.table).fields, ElementsAre("layer", "norm"));
  ASSERT_EQ(report.table.rows.size(), 2U);
  EXPECT_EQ(std::get<double>(report.table.rows[0][1]), 5.0);
  EXPECT_EQ(std::get<double>(report.table.rows[1][1]), 0.0);
  EXPECT_THAT(report.notes, IsEmpty());
}

TEST(SourceReport, HasTheAgreementOfEachLayerAndItsMean) {
  const auto report = source_report(two_layers({{0.5, 0.25, 1, 4}, {0.75, 0.25, 2, 2}}));
  EXPECT_THAT(records_of(report.table).fields,
              ElementsAre("layer", "norm", "cosine", "mean_cosine", "error", "mean_error"));
  EXPECT_THAT(render_markdown(report.table), HasSubstr("| 0 | 5 | 0.5000 | 0.2500 | 75.0% |\n"));
  EXPECT_THAT(report.notes, HasSubstr("cosine 0.6250, the training mean's 0.2500; 50.0% less error than the mean"));
}

TEST(Agreement, SaysWhenItIsNoBetterThanTheMean) {
  EXPECT_THAT(describe(OracleAgreement{0.5, 0.5, 3, 3}), HasSubstr("the same error as the mean"));
  EXPECT_THAT(describe(OracleAgreement{0.5, 0.6, 3, 2}), HasSubstr("50.0% more error than the mean, which is nearer"));
}

}  // namespace
}  // namespace w2s::cli
