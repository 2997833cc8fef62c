// A vector source as a table.
#pragma once

#include <string>

#include "cli/print/output.h"
#include "w2s/vectors.h"

namespace w2s::cli {

/// A row a layer: the vector's length where it is the same for all inputs, and how near the vectors come to the oracle
/// vectors of held-out samples where that was measured.
[[nodiscard]] Report source_report(const VectorSource& source);

/// "cosine 0.62, the training mean's 0.55; 12.3% less error than the mean".
[[nodiscard]] std::string describe(const OracleAgreement& agreement);

}  // namespace w2s::cli
