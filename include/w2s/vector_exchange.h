// Steering vectors in the files of other tools: control vectors of llama.cpp and repeng (GGUF), NumPy (.npz), tables
// (.csv).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "w2s/constant_source.h"
#include "w2s/vector_source.h"

namespace w2s {

enum class VectorFormat {
  llama_cpp,  ///< GGUF: tensors `direction.<l>`, added after layer l; layer 0 cannot be said
  npz,        ///< `directions` float32 [layers][width], `layers` int64 [layers], texts `method`, `model_architecture`
  csv         ///< a line a layer under the header `layer,0,1,...`, in digits that read back as the same floats
};

/// "llama.cpp", "npz", "csv".
[[nodiscard]] std::string_view to_string(VectorFormat format);
/// The inverse. Throws Error{usage} that lists them.
[[nodiscard]] VectorFormat parse_vector_format(std::string_view name);

/// By the extension: .gguf, .npz or .csv. Throws Error{usage} for another one.
[[nodiscard]] VectorFormat vector_format_of(const std::filesystem::path& path);

/// What an export did not take along.
struct VectorExport {
  bool first_layer_is_lost = false;  ///< there is a vector for layer 0, which llama.cpp never applies
};

/// Writes the vectors so that the file appears whole or not at all. A control vector gets the layers that have a
/// vector, the other formats all. Throws Error{vectors} for a source whose vectors depend on the input, and where no
/// layer is left to write; Error{io}.
[[nodiscard]] VectorExport export_vectors(const VectorSource& source, const std::filesystem::path& path,
                                          VectorFormat format);

/// Who wrote a control vector, and hence what `direction.<l>` means.
enum class ControlVectorWriter {
  llama_cpp,         ///< added after layer l (0-based), as llama.cpp applies it
  repeng,            ///< the same: repeng reads and adds after layer l
  cvector_generator  ///< llama.cpp's tool names what it read after layer l direction.<l+1>; import moves it back to l
};

/// "llama.cpp", "repeng", "cvector-generator".
[[nodiscard]] std::string_view to_string(ControlVectorWriter writer);
/// The inverse. Throws Error{usage} that lists them.
[[nodiscard]] ControlVectorWriter parse_control_vector_writer(std::string_view name);

struct VectorImport {
  ControlVectorWriter written_by = ControlVectorWriter::llama_cpp;
  std::size_t layers = 0;   ///< of the model; 0: as many as the file's highest layer says
  std::string method = {};  ///< how the vectors were made; empty: what the file says, else "imported"
};

/// Reads a control vector (GGUF, F32 or F16; also the files of w2s itself), an .npz or a .csv, told apart by the
/// extension; what is neither .npz nor .csv is taken for GGUF. An .npz holds `directions` [layers][width], with
/// `layers` where these are not 0, 1, 2, ..., or an array [width] for each layer, named `<l>` or `direction.<l>`;
/// float32 or float64. A layer that the file leaves out gets zeros, which is no vector. Throws Error{vectors} for
/// another kind of file, a layer that the model does not have, widths that differ, NaN or infinity; Error{usage} if
/// `written_by` is cvector_generator for a file that is not GGUF; Error{io}.
[[nodiscard]] ConstantSource import_vectors(const std::filesystem::path& path, const VectorImport& options = {});

}  // namespace w2s
