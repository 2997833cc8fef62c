// A report's data, from a results folder.
#pragma once

#include <filesystem>

#include "report/report_data.h"
#include "w2s/base.h"

namespace w2s::report {

/// Throws what make_report does, but for the missing page.
[[nodiscard]] ReportData gather_report(const std::filesystem::path& folder, const Job& job = {});

}  // namespace w2s::report
