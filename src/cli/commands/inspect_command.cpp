#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/inspected_file.h"
#include "cli/options/options.h"
#include "cli/print/output.h"
#include "w2s/base.h"

namespace w2s::cli {
namespace {

using Json = nlohmann::ordered_json;

struct InspectOptions {
  std::vector<std::string> files;
  OutputOptions output;

  void add_to(CommandLine& line) {
    line.add({option("FILE", files, any_text({}),
                     "Model, steering vectors or layer predictor (GGUF), sweep.sqlite, results folder")
                  .taking(OptionValues::rest)
                  .required()});
    output.add_format_to(line, {"table", "json"});
    output.add_file_to(line);
  }
};

// Two of the files, and why they cannot be used together.
struct Misfit {
  std::string first;
  std::string second;
  std::string reason;
};

std::vector<Misfit> misfits(const std::vector<InspectedFile>& files) {
  std::vector<Misfit> found;
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (std::size_t k = i + 1; k < files.size(); ++k) {
      if (const auto reason = difference(files[i], files[k]))
        found.push_back({files[i].path.string(), files[k].path.string(), *reason});
    }
  }
  return found;
}

std::string text_of(const InspectedFile& file) {
  std::size_t width = 0;
  for (const auto& field : file.fields) width = std::max(width, field.first.size());
  std::string text = fmt::format("{}: {}\n", file.path.string(), file.kind);
  for (const auto& [name, value] : file.fields) text += fmt::format("  {:<{}}  {}\n", name, width, to_string(value));
  if (file.by_layer) text += "\n" + render_text(file.by_layer->table);
  return text;
}

std::string text_of(const std::vector<InspectedFile>& files, const std::vector<Misfit>& found) {
  std::string text;
  for (const auto& file : files) text += (text.empty() ? "" : "\n") + text_of(file);
  for (const auto& misfit : found)
    text += fmt::format("\n{} and {} do not fit together: {}\n", misfit.first, misfit.second, misfit.reason);
  if (files.size() > 1 && found.empty()) text += "\nThese fit together.\n";
  return text;
}

struct ToJson {
  Json operator()(std::monostate /*nothing*/) const { return nullptr; }
  template <typename T>
  Json operator()(const T& value) const {
    return value;
  }
};

std::string json_of(const std::vector<InspectedFile>& files, const std::vector<Misfit>& found) {
  Json list = Json::array();
  for (const auto& file : files) {
    Json entry = {{"file", file.path.string()}, {"kind", file.kind}};
    for (const auto& [name, value] : file.fields) entry["fields"][name] = std::visit(ToJson(), value);
    if (file.by_layer) entry["by_layer"] = Json::parse(render_json(file.by_layer->table));
    list.push_back(std::move(entry));
  }
  Json misfit_list = Json::array();
  for (const auto& misfit : found)
    misfit_list.push_back({{"files", {misfit.first, misfit.second}}, {"reason", misfit.reason}});
  const Json json = {{"files", list}, {"fit_together", found.empty()}, {"misfits", misfit_list}};
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

void inspect_command(const Arguments& arguments, const Console& console) {
  InspectOptions options;
  CommandLine line("inspect",
                   "Shows what files contain: a model's shape, the length of steering vectors by layer, what a layer "
                   "predictor was fitted on, how far a sweep is. Given several, it says whether they fit together, "
                   "and ends with exit code 2 if not.",
                   "w2s inspect model.gguf results/openness/vectors.gguf results/openness/predictor.gguf");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.output.check();
  std::vector<InspectedFile> files;
  for (const auto& path : options.files) files.push_back(inspect_file(path));
  const auto found = misfits(files);
  options.output.deliver(options.output.format() == Format::json ? json_of(files, found) : text_of(files, found),
                         console);
  if (found.empty()) return;
  throw Error(ErrorKind::usage, fmt::format("{} and {} do not fit together: {}", found.front().first,
                                            found.front().second, found.front().reason));
}

}  // namespace w2s::cli
