#include "data/sample_checks.h"

#include <fmt/format.h>

#include <map>

#include "w2s/base.h"

namespace w2s::data {

void check_answers(const Sample& sample) {
  if (sample.chosen == sample.rejected) {
    throw Error(ErrorKind::data,
                fmt::format("{}: the two answers are equal; they must differ to be compared", sample.where));
  }
  if (sample.chosen.starts_with(sample.rejected) || sample.rejected.starts_with(sample.chosen)) {
    throw Error(ErrorKind::data, fmt::format("{}: one answer is the beginning of the other; each needs words of its "
                                             "own after what they have in common",
                                             sample.where));
  }
}

void check_samples(const Behavior& behavior, std::string_view file) {
  if (behavior.samples.empty()) throw Error(ErrorKind::data, fmt::format("{}: there are no samples in it", file));
  std::map<SampleId, const Sample*> by_id;
  for (const Sample& sample : behavior.samples) {
    const auto [first, inserted] = by_id.emplace(sample.id, &sample);
    if (inserted) continue;
    throw Error(ErrorKind::data, fmt::format("{}: the id {} is also that of {} (a sample without one has its index)",
                                             sample.where, to_string(sample.id), first->second->where));
  }
}

}  // namespace w2s::data
