#include "w2s/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string_view>

#include "w2s/base.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::array<std::string_view, 5> order_of_a_run = {"vectors", "sweep", "embeddings", "predictor", "variants"};

std::vector<StageTime> recorded_times(const BehaviorFolder& folder) try {
  return read_stage_times(folder);
} catch (const Error& error) {
  if (error.kind() != ErrorKind::results) throw;
  return {};
}

}  // namespace

std::vector<StageTime> read_stage_times(const BehaviorFolder& folder) {
  const auto path = folder.times();
  if (!std::filesystem::exists(path)) return {};
  const auto refuse = [&](const std::string& what) {
    throw Error(ErrorKind::results, fmt::format("{}: {}; delete the file", path.string(), what));
  };
  const auto json = Json::parse(read_file(path), nullptr, false);
  if (!json.is_object()) refuse("is not a JSON object of seconds by stage");
  std::vector<StageTime> times;
  for (const auto& [stage, seconds] : json.items()) {
    if (!seconds.is_number() || seconds.get<double>() < 0)
      refuse(fmt::format("\"{}\" is not a time in seconds", stage));
    times.push_back({.stage = stage, .seconds = seconds.get<double>()});
  }
  std::ranges::stable_sort(times, {},
                           [](const StageTime& time) { return std::ranges::find(order_of_a_run, time.stage); });
  return times;
}

void add_stage_time(const BehaviorFolder& folder, const StageTime& time) {
  auto times = recorded_times(folder);
  const auto found = std::ranges::find(times, time.stage, &StageTime::stage);
  if (found == times.end()) {
    times.push_back(time);
  } else {
    found->seconds += time.seconds;
  }
  Json json = Json::object();
  for (const auto& [stage, seconds] : times) json[stage] = seconds;
  write_file(folder.times(), json.dump(2) + "\n");
}

}  // namespace w2s
