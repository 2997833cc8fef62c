#include "cli/commands/inspected_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <string_view>
#include <variant>

#include "cli/print/outcome_report.h"
#include "cli/print/source_report.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view gguf_magic = "GGUF";
constexpr std::string_view sqlite_magic = "SQLite format 3";
constexpr std::string_view predictor_architecture = "w2s-predictor";
constexpr std::string_view embeddings_architecture = "w2s-embeddings";

const std::string missing_file = "missing: 'w2s run' again makes it";

Datum count(std::uint64_t number) { return static_cast<std::int64_t>(number); }
using NamedDatum = std::pair<std::string, Datum>;

Datum yes_or_no(bool value) { return std::string(value ? "yes" : "no"); }

bool begins_with(const fs::path& path, std::string_view magic) {
  std::string beginning(magic.size(), '\0');
  std::ifstream file(path, std::ios::binary);
  file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
  return file.gcount() == static_cast<std::streamsize>(magic.size()) && beginning == magic;
}

std::string layers_text(const std::vector<std::size_t>& layers) {
  const bool is_range = !layers.empty() && layers.back() - layers.front() + 1 == layers.size() && layers.size() > 2;
  return is_range ? fmt::format("{}-{}", layers.front(), layers.back()) : fmt::format("{}", fmt::join(layers, ","));
}

InspectedFile inspect(const ModelInfo& model) {
  InspectedFile file;
  file.kind = "model";
  file.fields = {{"architecture", model.architecture},
                 {"name", model.name},
                 {"layers", count(model.layers)},
                 {"width", count(model.width)},
                 {"weights", model.weight_type},
                 {"quantised", yes_or_no(model.is_quantized)},
                 {"parameters", count(model.parameters)},
                 {"bytes", count(model.bytes)},
                 {"vocabulary", count(model.vocabulary)},
                 {"training context", count(model.training_context)},
                 {"chat template", yes_or_no(model.has_chat_template)}};
  if (model.is_embedding_model) file.fields.emplace_back("embedding model", "yes: it cannot be steered");
  file.shapes = {{.architecture = model.architecture, .layers = model.layers, .width = model.width}};
  return file;
}

InspectedFile inspect(const VectorSource& source) {
  const auto& info = source.info();
  InspectedFile file;
  file.kind = "steering vectors";
  file.fields = {{"method", info.method},
                 {"made with", info.model_architecture},
                 {"layers", count(info.layers)},
                 {"width", count(info.width)},
                 {"depends on the input", yes_or_no(depends_on_input(source))}};
  for (const auto& [name, value] : info.notes) file.fields.emplace_back(name, value);
  auto report = source_report(source);
  if (report.table.columns.size() > 1) file.by_layer = std::move(report);
  file.shapes = {{.architecture = info.model_architecture, .layers = info.layers, .width = info.width}};
  return file;
}

InspectedFile inspect(const PredictorFile& predictor) {
  InspectedFile file;
  file.kind = "layer predictor";
  file.fields = {{"behavior", predictor.behavior},
                 {"method", predictor.method},
                 {"made with", predictor.model_architecture},
                 {"layers", count(predictor.model_layers)},
                 {"encoder", predictor.encoder},
                 {"best fixed layer", count(predictor.fixed_layer)},
                 {"fixed layer by", predictor.fixed_layer_method},
                 {"default policy", "w2s-" + to_string(predictor.default_policy)}};
  if (predictor.operation) file.fields.emplace_back("operator", std::string(to_string(*predictor.operation)));
  std::size_t width = 0;
  for (const auto& [policy, fitted] : predictor.by_policy) {
    if (fitted.by_seed.empty()) continue;
    const auto& first = fitted.by_seed.front();
    width = first.width();
    file.fields.emplace_back("w2s-" + to_string(policy),
                             fmt::format("{} networks, layers {}", fitted.by_seed.size(), layers_text(first.layers())));
  }
  for (const auto& [name, value] : predictor.notes) file.fields.emplace_back(name, value);
  // The width of an embedding model is none of the steered model's.
  if (embeds_text(parse_encoder_choice(predictor.encoder))) width = 0;
  file.shapes = {{.architecture = predictor.model_architecture, .layers = predictor.model_layers, .width = width}};
  return file;
}

// Of embeddings: what the file says of itself.
InspectedFile inspect_embeddings(const TensorFile& embeddings) {
  constexpr std::string_view prefix = "w2s.embeddings.";
  InspectedFile file;
  file.kind = "embeddings of prompts";
  for (const auto& [key, value] : embeddings.metadata) {
    if (!key.starts_with(prefix)) continue;
    const auto name = key.substr(prefix.size());
    if (const auto* text = std::get_if<std::string>(&value)) file.fields.emplace_back(name, *text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) file.fields.emplace_back(name, *number);
    if (const auto* samples = std::get_if<std::vector<std::int64_t>>(&value))
      file.fields.emplace_back(name, count(samples->size()));
  }
  return file;
}

InspectedFile inspect(const SweepStore& store) {
  const auto& header = store.header();
  const auto architecture = header.settings.find("architecture");
  std::vector<std::string> encoders;
  for (const auto& encoder : header.encoders) encoders.push_back(to_string(encoder));
  InspectedFile file;
  file.kind = "sweep";
  file.fields = {{"behavior", header.behavior},
                 {"samples", fmt::format("{} measured, {} in the data", store.records().size(), header.samples)},
                 {"layers", count(header.model_layers)},
                 {"width", count(header.width)},
                 {"methods", fmt::format("{}", fmt::join(header.methods, ", "))},
                 {"operator", std::string(to_string(header.grid.operation))},
                 {"swept layers", layers_text(header.grid.layers)},
                 {"multipliers", fmt::format("{}", fmt::join(header.grid.multipliers, ", "))},
                 {"encoders", fmt::format("{}", fmt::join(encoders, ", "))}};
  if (const auto noise = store.noise_floor()) file.fields.emplace_back("noise floor", describe(*noise));
  for (const auto& [name, value] : header.settings) {
    const bool is_told = std::ranges::find(file.fields, name, &NamedDatum::first) != file.fields.end();
    if (!is_told) file.fields.emplace_back(name, value);
  }
  file.shapes = {{.architecture = architecture == header.settings.end() ? "" : architecture->second,
                  .layers = header.model_layers,
                  .width = header.width}};
  return file;
}

std::vector<fs::path> files_of(const BehaviorFolder& folder) {
  const BehaviorResults behavior(folder);
  const auto& header = behavior.header();
  std::vector<fs::path> files = {folder.sweep()};
  for (std::size_t method = 0; method < header.methods.size(); ++method) {
    const auto name = name_in_files(header.methods, method);
    files.push_back(folder.vectors(name));
    files.push_back(folder.predictor(name));
  }
  return files;
}

// The files that are records for people.
std::vector<NamedDatum> records_of(const BehaviorFolder& folder, const fs::path& path) {
  std::vector<NamedDatum> records;
  const auto texts = read_prompt_texts(folder);
  records.emplace_back(fs::relative(folder.prompts(), path).string(),
                       texts ? fmt::format("texts of prompts: samples {}", texts->size()) : missing_file);
  std::vector<std::string> times;
  for (const auto& [stage, seconds] : read_stage_times(folder))
    times.push_back(fmt::format("{} {:.1f}", stage, seconds));
  if (!times.empty())
    records.emplace_back(fs::relative(folder.times(), path).string(),
                         fmt::format("seconds by stage: {}", fmt::join(times, "; ")));
  return records;
}

// The files of each behaviour, by the names they have inside the folder.
InspectedFile inspect_folder(const fs::path& path) {
  InspectedFile file;
  file.kind = "results folder";
  for (const auto& folder : behavior_folders(path)) {
    for (const auto& part : files_of(folder)) {
      const auto name = fs::relative(part, path).string();
      if (!fs::exists(part)) {
        file.fields.emplace_back(name, missing_file);
        continue;
      }
      const auto inspected = inspect_file(part);
      std::vector<std::string> facts;
      for (const auto& [field, value] : inspected.fields) {
        constexpr std::array<std::string_view, 6> telling = {"method",  "samples",          "layers",
                                                             "encoder", "best fixed layer", "noise floor"};
        if (std::ranges::find(telling, field) != telling.end())
          facts.push_back(fmt::format("{} {}", field, to_string(value)));
      }
      file.fields.emplace_back(name, fmt::format("{}: {}", inspected.kind, fmt::join(facts, "; ")));
      std::ranges::copy(inspected.shapes, std::back_inserter(file.shapes));
    }
    std::ranges::move(records_of(folder, path), std::back_inserter(file.fields));
  }
  return file;
}

bool is_vector_source(const std::string& architecture) {
  const auto methods = steering_methods();
  return std::ranges::find(methods, architecture, &SteeringMethod::file_architecture) != methods.end();
}

// A model's header is read first: reading its tensors, to find that it is one, could take minutes.
InspectedFile inspect_gguf(const fs::path& path) {
  try {
    return inspect(inspect_model(path));
  } catch (const Error& model_error) {
    TensorFile file;
    try {
      file = read_tensor_file(path);
    } catch (const Error&) {
      throw model_error;
    }
    const auto architecture = text_or_empty(file, "general.architecture");
    if (architecture == embeddings_architecture) return inspect_embeddings(file);
    if (architecture == predictor_architecture) return inspect(read_predictors(path));
    if (is_vector_source(architecture)) return inspect(*read_vector_source(path));
    throw;
  }
}

InspectedFile inspect_any(const fs::path& path) {
  if (!fs::exists(path)) throw Error(ErrorKind::io, fmt::format("{}: no such file or folder", path.string()));
  if (fs::is_directory(path)) return inspect_folder(path);
  if (begins_with(path, gguf_magic)) return inspect_gguf(path);
  if (begins_with(path, sqlite_magic)) return inspect(SweepStore::read(path));
  throw Error(ErrorKind::data,
              fmt::format("{}: is neither a GGUF file, a sweep (SQLite) nor a results folder", path.string()));
}

std::optional<std::string> difference(const ModelShape& first, const ModelShape& second) {
  if (first.layers != 0 && second.layers != 0 && first.layers != second.layers)
    return fmt::format("{} layers against {}", first.layers, second.layers);
  if (first.width != 0 && second.width != 0 && first.width != second.width)
    return fmt::format("width {} against {}", first.width, second.width);
  if (!first.architecture.empty() && !second.architecture.empty() && first.architecture != second.architecture)
    return fmt::format("architecture {} against {}", first.architecture, second.architecture);
  return std::nullopt;
}

}  // namespace

InspectedFile inspect_file(const fs::path& path) {
  auto file = inspect_any(path);
  file.path = path;
  return file;
}

std::optional<std::string> difference(const InspectedFile& first, const InspectedFile& second) {
  for (const auto& shape : first.shapes) {
    for (const auto& other : second.shapes)
      if (auto found = difference(shape, other)) return found;
  }
  return std::nullopt;
}

}  // namespace w2s::cli
