#include "report/rounded.h"

#include <fmt/format.h>

#include <cstdlib>

namespace w2s::report {

double rounded(double value) { return std::strtod(fmt::format("{:.6g}", value).c_str(), nullptr); }

}  // namespace w2s::report
