// The methods, one file each beside this one.
#pragma once

#include "w2s/vectors.h"

namespace w2s::methods {

[[nodiscard]] SteeringMethod caa();
[[nodiscard]] SteeringMethod pca();
[[nodiscard]] SteeringMethod logistic();
[[nodiscard]] SteeringMethod oracle();
[[nodiscard]] SteeringMethod l2s();
[[nodiscard]] SteeringMethod cast();

}  // namespace w2s::methods
