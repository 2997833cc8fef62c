// What a page's first screen needs.
#pragma once

#include <span>
#include <vector>

#include "report/block.h"
#include "report/report_data.h"

namespace w2s::report {

/// Summary of web/src/report/contract.ts. `steps` are the numbers blocks' steps, [behaviours][methods].
[[nodiscard]] Json summary_json(const ReportData& data, std::span<const std::vector<double>> steps);

}  // namespace w2s::report
