#include "results/settings_file.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>

#include "w2s/base.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;
using Texts = std::map<std::string, std::string>;

std::filesystem::path path_in(const std::filesystem::path& folder) { return folder / "settings.json"; }

void check_equal(const std::filesystem::path& folder, const std::string& name, const std::string& recorded,
                 const std::string& current) {
  if (recorded == current) return;
  throw Error(
      ErrorKind::results,
      fmt::format("{} was made with {} = {}, now it is {}; use the same settings or another folder", folder.string(),
                  name, recorded.empty() ? "(none)" : recorded, current.empty() ? "(none)" : current));
}

std::string value_in(const Texts& texts, const std::string& key) {
  const auto found = texts.find(key);
  return found == texts.end() ? std::string() : found->second;
}

}  // namespace

std::optional<SettingsFile> read_settings(const std::filesystem::path& folder) {
  const auto path = path_in(folder);
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const auto json = Json::parse(read_file(path));
    return SettingsFile{.measurement = json.at("measurement").get<Texts>(),
                        .data = json.at("data").get<Texts>(),
                        .run = json.at("run").get<Texts>(),
                        .options = json.value("options", Texts())};
  } catch (const Json::exception&) {
    throw Error(ErrorKind::results, fmt::format("{}: is not the settings of a results folder", path.string()));
  }
}

std::optional<ExecutorChoice> recorded_executor(const std::filesystem::path& folder) {
  const auto settings = read_settings(folder);
  if (!settings) return std::nullopt;
  const auto recorded = value_in(settings->measurement, "executor");
  // Folders from before there was a choice have rows.
  return recorded.empty() ? ExecutorChoice::rows : parse_executor_choice(recorded);
}

void write_settings(const std::filesystem::path& folder, const SettingsFile& settings) {
  const Json json = {{"measurement", settings.measurement},
                     {"data", settings.data},
                     {"run", settings.run},
                     {"options", settings.options}};
  write_file(path_in(folder), json.dump(2) + "\n");
}

std::optional<std::uint64_t> measured_number(const SettingsFile& settings, const std::string& name) {
  const auto text = value_in(settings.measurement, name);
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

SettingsFile merge_settings(const std::filesystem::path& folder, const SettingsFile& recorded,
                            const SettingsFile& current) {
  for (const auto& [name, value] : current.measurement)
    check_equal(folder, name, value_in(recorded.measurement, name), value);
  for (const auto& [name, value] : recorded.measurement)
    check_equal(folder, name, value, value_in(current.measurement, name));
  SettingsFile merged = current;
  for (const auto& [behavior, hash] : recorded.data) {
    const auto [entry, is_new] = merged.data.emplace(behavior, hash);
    if (!is_new) check_equal(folder, "data of " + behavior, hash, entry->second);
  }
  return merged;
}

}  // namespace w2s
