// A report as a page.
#pragma once

#include <string>
#include <string_view>

#include "report/report_data.h"

namespace w2s::report {

/// The page with the data in the place of its comment `<!--w2s:data-->`. Nothing of the data can end an element or
/// begin one. Throws Error{usage} for a page that does not have that comment exactly once.
[[nodiscard]] std::string render_report(const ReportData& data, std::string_view page_template);

}  // namespace w2s::report
