// Numbers without the digits that nobody can see in a picture.
#pragma once

namespace w2s::report {

/// To six significant digits: all that a float has, and what pages hold of figures that are read nowhere else.
[[nodiscard]] double rounded(double value);

}  // namespace w2s::report
