// Contrastive activation addition (Rimsky et al., 2024; the paper's equation 2): the mean difference.
#include "vectors/methods/methods.h"
#include "w2s/vectors.h"

namespace w2s::methods {
namespace {

std::unique_ptr<VectorSource> fit(const MethodTraining& training, const MethodOptions& /*options*/, const Job&) {
  return std::make_unique<ConstantSource>(training.info, mean_difference(training.train));
}

}  // namespace

SteeringMethod caa() {
  return {.name = "caa",
          .summary = "contrastive activation addition, the mean difference",
          .fit = &fit,
          .file_architecture = control_vector_architecture,
          .read = &read_constant_source};
}

}  // namespace w2s::methods
