// Where the steering vector for an input comes from: one for all inputs, or one that depends on the input.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "w2s/model.h"
#include "w2s/prompt_reading.h"
#include "w2s/tensor_file.h"

namespace w2s {

/// How near a source's vectors come to the oracle vectors of held-out samples, at one layer.
struct OracleAgreement {
  double cosine = 0;       ///< with the oracle vector, mean over samples
  double mean_cosine = 0;  ///< the same for the training samples' mean difference (CAA)
  double error = 0;        ///< squared distance from the oracle vector, mean over samples and the width
  double mean_error = 0;   ///< the same for the training samples' mean difference
};

/// The mean over layers of each figure; zeros for no layers. Errors are relative to no common scale: late layers, whose
/// vectors are longer, count for more.
[[nodiscard]] OracleAgreement mean_over_layers(std::span<const OracleAgreement> layers);

/// What every source says of itself.
struct SourceInfo {
  std::string method = {};                        ///< name in the registry, for instance "l2s"
  std::string model_architecture = {};            ///< of the model it was made with; may be empty
  std::size_t layers = 0;                         ///< L
  std::size_t width = 0;                          ///< d
  std::map<std::string, std::string> notes = {};  ///< where it comes from: behaviour, samples, hashes
  std::vector<OracleAgreement> validation = {};   ///< [layers]; empty where there were no held-out samples
};

class VectorSource {
 public:
  explicit VectorSource(SourceInfo info) : info_(std::move(info)) {}
  VectorSource(const VectorSource&) = default;
  VectorSource(VectorSource&&) noexcept = default;
  VectorSource& operator=(const VectorSource&) = default;
  VectorSource& operator=(VectorSource&&) noexcept = default;
  virtual ~VectorSource() = default;

  [[nodiscard]] const SourceInfo& info() const noexcept { return info_; }
  [[nodiscard]] SourceInfo& info() noexcept { return info_; }

  /// What it must see of an input.
  [[nodiscard]] virtual PromptNeeds needs() const { return {}; }

  /// What is added after `layer` for this input, [width]; zeros where the input is not to be steered. `input` holds at
  /// least what `needs` asks for.
  [[nodiscard]] virtual std::vector<float> vector(std::size_t layer, const PromptReading& input) const = 0;

  /// The content of the source's file but for its info.
  [[nodiscard]] virtual TensorFile to_file() const = 0;

 private:
  SourceInfo info_;
};

/// Whether its vectors differ from input to input.
[[nodiscard]] bool depends_on_input(const VectorSource& source);

/// Reads any file that write_vector_source wrote, and llama.cpp control vectors that have every layer from 0. Throws
/// Error{vectors} for another kind of file, missing parts, parts of different width, NaN or infinity; Error{io} if the
/// file cannot be read.
[[nodiscard]] std::unique_ptr<VectorSource> read_vector_source(const std::filesystem::path& path);

/// GGUF; vectors that are the same for all inputs become a llama.cpp control vector. Throws Error{io}.
void write_vector_source(const std::filesystem::path& path, const VectorSource& source);

/// Throws Error{vectors} that names the difference if the source does not fit a model: width, layers, architecture, or
/// a layer it needs to see; or if its vectors are the same for all inputs and there is none (all zeros) at one of
/// `layers`.
void check_fits(const VectorSource& source, const ModelInfo& model, std::span<const std::size_t> layers = {});

}  // namespace w2s
