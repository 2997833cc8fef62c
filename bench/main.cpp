// Everything that is measured, as one table of ratios. Each ratio is of two things done in turns in one run.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <span>
#include <string_view>

#include "base/parallel.h"
#include "parts.h"
#include "support/shared_data.h"
#include "w2s/base.h"
#include "w2s/model.h"

namespace w2s::bench {
namespace {

struct Part {
  std::string_view name;
  void (*measure)(const BenchSettings& settings, Table& table);
};

// Memory first: it is measured in processes that are made while this one has one thread.
constexpr std::array parts = {Part{"memory", measure_memory},         Part{"sweep", measure_sweep},
                              Part{"growth", measure_growth},         Part{"threads", measure_threads},
                              Part{"vectors", measure_vectors},       Part{"training", measure_training},
                              Part{"generation", measure_generation}, Part{"prediction", predict_large_models}};

void check_names(std::span<char*> names) {
  for (const std::string_view name : names) {
    if (std::ranges::find(parts, name, &Part::name) != parts.end()) continue;
    std::string known;
    for (const auto& part : parts) known += fmt::format(" {}", part.name);
    throw Error(ErrorKind::usage, fmt::format("unknown part '{}'; there are:{}", name, known));
  }
}

void run(std::span<char*> names) {
  check_names(names);
  const auto model = test::default_model();
  if (!model) throw Error(ErrorKind::usage, "no default model: run `make model`");
  const BenchSettings settings{.model = *model, .threads = thread_count(0)};
  Table table;
  for (const auto& part : parts) {
    if (!names.empty() && std::ranges::find(names, part.name) == names.end()) continue;
    fmt::print(stderr, "{} ...\n", part.name);
    part.measure(settings, table);
  }
  fmt::print("{}; {}\n\n{}", machine_description(), model->stem().string(), table.text());
}

}  // namespace
}  // namespace w2s::bench

int main(int argc, char** argv) {
  try {
    w2s::bench::run(std::span(argv, static_cast<std::size_t>(argc)).subspan(1));
    return 0;
  } catch (const std::exception& error) {
    fmt::print(stderr, "error: {}\n", error.what());
    return 1;
  }
}
