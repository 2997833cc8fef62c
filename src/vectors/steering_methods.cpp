#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "vectors/methods/methods.h"
#include "w2s/base.h"

namespace w2s {

std::span<const SteeringMethod> steering_methods() {
  static const std::array methods = {methods::caa(),    methods::pca(), methods::logistic(),
                                     methods::oracle(), methods::l2s(), methods::cast()};
  return methods;
}

const SteeringMethod& steering_method(std::string_view name) {
  const auto methods = steering_methods();
  const auto found = std::ranges::find(methods, name, &SteeringMethod::name);
  if (found != methods.end()) return *found;
  std::string known;
  for (const auto& method : methods) known += fmt::format("{}{}", known.empty() ? "" : ", ", method.name);
  throw Error(ErrorKind::usage, fmt::format("unknown method '{}'; there are: {}", name, known));
}

std::vector<std::size_t> default_context_layers(std::size_t layers) {
  constexpr std::size_t candidates = 5;
  std::vector<std::size_t> chosen;
  for (std::size_t i = 1; i <= candidates; ++i) {
    const std::size_t layer = i * layers / (candidates + 1);
    if (chosen.empty() || chosen.back() != layer) chosen.push_back(layer);
  }
  return chosen;
}

std::unique_ptr<VectorSource> fit_method(const SteeringMethod& method, const MethodTraining& training,
                                         const MethodOptions& options, const Job& job) {
  if (method.learns && training.train.samples == 0)
    throw Error(ErrorKind::data, "no samples to take steering vectors from");
  if (method.needs_validation && training.validation.samples == 0) {
    throw Error(ErrorKind::data, fmt::format("{} needs validation samples: use more data", method.name));
  }
  auto source = method.fit(training, options, job);
  source->info().method = method.name;
  if (method.learns && training.validation.samples > 0)
    source->info().validation = agreement_with_oracle(*source, training.train, training.validation);
  return source;
}

}  // namespace w2s
