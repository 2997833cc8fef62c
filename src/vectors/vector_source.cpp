#include "w2s/vectors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "w2s/base.h"

namespace w2s {
namespace {

constexpr std::string_view note_prefix = "w2s.note.";
constexpr std::string_view agreement_prefix = "w2s.validation.";

struct AgreementField {
  std::string_view name;
  double OracleAgreement::* value;
};
constexpr std::array<AgreementField, 4> agreement_fields = {{{"cosine", &OracleAgreement::cosine},
                                                             {"mean_cosine", &OracleAgreement::mean_cosine},
                                                             {"error", &OracleAgreement::error},
                                                             {"mean_error", &OracleAgreement::mean_error}}};

std::size_t size_of(const TensorFile& file, const std::string& key) {
  const auto* number = find_value<std::int64_t>(file, key);
  return number == nullptr || *number < 0 ? 0 : static_cast<std::size_t>(*number);
}

std::vector<OracleAgreement> agreement_of(const TensorFile& file) {
  std::vector<OracleAgreement> agreement;
  for (const auto& [name, value] : agreement_fields) {
    const auto* column = find_value<std::vector<double>>(file, fmt::format("{}{}", agreement_prefix, name));
    if (column == nullptr || (!agreement.empty() && agreement.size() != column->size())) return {};
    agreement.resize(column->size());
    for (std::size_t layer = 0; layer < agreement.size(); ++layer) agreement[layer].*value = (*column)[layer];
  }
  return agreement;
}

SourceInfo info_of(const TensorFile& file) {
  SourceInfo info;
  info.method = text_or_empty(file, "w2s.method");
  info.model_architecture = text_or_empty(file, "controlvector.model_hint");
  info.layers = size_of(file, "controlvector.layer_count");
  info.width = size_of(file, "w2s.width");
  for (const auto& [key, value] : file.metadata) {
    const auto* note = std::get_if<std::string>(&value);
    if (note != nullptr && key.starts_with(note_prefix)) info.notes[key.substr(note_prefix.size())] = *note;
  }
  info.validation = agreement_of(file);
  return info;
}

// A method's own file architecture, or that of constant vectors, whoever made them.
const SteeringMethod* reader_of(const std::string& architecture) {
  const auto methods = steering_methods();
  const auto found = std::ranges::find(methods, architecture, &SteeringMethod::file_architecture);
  return found == methods.end() ? nullptr : &*found;
}

TensorFile read_gguf(const std::filesystem::path& path) {
  try {
    return read_tensor_file(path);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::data) throw;
    throw Error(ErrorKind::vectors, error.what());
  }
}

[[noreturn]] void refuse_for_model(const std::string& what) {
  throw Error(ErrorKind::vectors, "the steering vectors belong to another model: " + what);
}

void check_has_vectors(const VectorSource& source, std::span<const std::size_t> layers) {
  if (depends_on_input(source)) return;
  for (const std::size_t layer : layers) {
    if (layer >= source.info().layers)
      refuse_for_model(fmt::format("they have {} layers, there is no layer {}", source.info().layers, layer));
    const auto vector = source.vector(layer, {});
    if (std::ranges::any_of(vector, [](float value) { return value != 0; })) continue;
    throw Error(ErrorKind::vectors,
                fmt::format("the steering vectors have none at layer {}: leave it out with --layers", layer));
  }
}

}  // namespace

bool depends_on_input(const VectorSource& source) { return !source.needs().empty(); }

std::unique_ptr<VectorSource> read_vector_source(const std::filesystem::path& path) {
  const auto file = read_gguf(path);
  const auto architecture = text_or_empty(file, "general.architecture");
  const auto* method = reader_of(architecture);
  if (method == nullptr) {
    throw Error(ErrorKind::vectors, fmt::format("{}: is a GGUF file of architecture '{}', not steering vectors",
                                                path.string(), architecture));
  }
  try {
    return method->read(file, info_of(file));
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", path.string(), error.what()));
  }
}

void write_vector_source(const std::filesystem::path& path, const VectorSource& source) {
  const auto& info = source.info();
  auto file = source.to_file();
  file.metadata["w2s.method"] = info.method;
  file.metadata["w2s.width"] = static_cast<std::int64_t>(info.width);
  file.metadata["controlvector.model_hint"] = info.model_architecture;
  file.metadata["controlvector.layer_count"] = static_cast<std::int64_t>(info.layers);
  for (const auto& [key, note] : info.notes) file.metadata[fmt::format("{}{}", note_prefix, key)] = note;
  if (!info.validation.empty()) {
    for (const auto& [name, value] : agreement_fields) {
      std::vector<double> column;
      for (const auto& layer : info.validation) column.push_back(layer.*value);
      file.metadata[fmt::format("{}{}", agreement_prefix, name)] = std::move(column);
    }
  }
  write_tensor_file(path, file);
}

void check_fits(const VectorSource& source, const ModelInfo& model, std::span<const std::size_t> layers) {
  const auto& info = source.info();
  if (info.width != model.width)
    refuse_for_model(fmt::format("they are {} wide, the model's residual stream is {}", info.width, model.width));
  if (info.layers != model.layers)
    refuse_for_model(fmt::format("they have {} layers, the model {}", info.layers, model.layers));
  if (!info.model_architecture.empty() && info.model_architecture != model.architecture)
    refuse_for_model(
        fmt::format("they were made with a '{}' model, this is '{}'", info.model_architecture, model.architecture));
  const auto needs = source.needs();
  for (const auto* layers_needed : {&needs.last, &needs.means}) {
    for (const std::size_t layer : *layers_needed) {
      if (layer >= model.layers)
        refuse_for_model(fmt::format("they look at layer {}, the model has {}", layer, model.layers));
    }
  }
  check_has_vectors(source, layers);
}

}  // namespace w2s
