// Steering vectors: where they come from, how they are made, and files of them, our own and other tools'.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/decoding.h"
#include "w2s/model.h"

namespace w2s {

// Where the steering vector for an input comes from: one for all inputs, or one that depends on the input.

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

// Steering vectors that are the same for every input: one direction for every layer.

class ConstantSource final : public VectorSource {
 public:
  /// `values` is [info.layers][info.width]; a layer of zeros has no vector.
  ConstantSource(SourceInfo info, std::vector<float> values)
      : VectorSource(std::move(info)), values_(std::move(values)) {}

  [[nodiscard]] std::span<const float> direction(std::size_t layer) const {
    return std::span(values_).subspan(layer * info().width, info().width);
  }
  [[nodiscard]] std::vector<float> vector(std::size_t layer, const PromptReading& input) const override;
  /// A llama.cpp control vector: tensors `direction.<l>`, added after layer l (0-based). llama.cpp cannot apply layer 0
  /// and refuses a file with such a tensor, so that one is the metadata array `w2s.direction.0`.
  [[nodiscard]] TensorFile to_file() const override;

 private:
  std::vector<float> values_;
};

/// general.architecture of llama.cpp's control vectors.
inline constexpr std::string_view control_vector_architecture = "controlvector";

/// SteeringMethod::read of every method whose vectors are constant. Layer 0 may also be a tensor.
[[nodiscard]] std::unique_ptr<VectorSource> read_constant_source(const TensorFile& file, SourceInfo info);

// Samples as the engine sees them.

/// Appends each answer to the prompt's text and tokenises the whole as one string, so that merges across the border
/// happen as the model knows them. What both have in common is the prompt, its last token is the steered one; for MWE
/// that is the "(" of " (A)" and " (B)" (steering-bench skips the first answer token for this reason). Throws
/// Error{data} that names the sample if the answers end up with the same tokens or one is the other's beginning.
[[nodiscard]] TokenizedSample tokenize_sample(const Model& model, const Behavior& behavior, const Sample& sample,
                                              PromptVariant variant = PromptVariant::base);

/// How many tokens all prompts begin with in common, short of any prompt's last: what is decoded once for all.
[[nodiscard]] std::size_t common_prefix_length(std::span<const TokenizedSample> samples);

// What steering methods learn from: representations of samples, read in one pass a sample.

/// Representations of several samples of one model.
struct RepresentationSet {
  std::size_t samples = 0;
  std::size_t layers = 0;                       ///< L
  std::size_t width = 0;                        ///< d
  std::vector<std::size_t> prompt_layers = {};  ///< read at the steered token
  std::vector<float> differences = {};          ///< [samples][layers][width]: h_l(+) - h_l(-), the oracle vectors
  std::vector<float> prompts = {};              ///< [samples][prompt_layers][width]: h_l at the steered token
  std::vector<float> propensity = {};           ///< [samples]: logit(+) - logit(-), unsteered

  [[nodiscard]] std::span<const float> difference(std::size_t sample, std::size_t layer) const {
    return std::span(differences).subspan((sample * layers + layer) * width, width);
  }
  /// Of the prompt layer number `index` of `prompt_layers`.
  [[nodiscard]] std::span<const float> prompt(std::size_t sample, std::size_t index) const {
    return std::span(prompts).subspan((sample * prompt_layers.size() + index) * width, width);
  }
  /// One sample as a source sees it.
  [[nodiscard]] PromptReading input(std::size_t sample) const;
};

/// What is read of each sample beside the difference between its answers.
struct RepresentationRequest {
  std::vector<std::size_t> prompt_layers = {};  ///< the steered token's residual stream after these
  /// For a sweep that goes on from the prompts: how many tokens it computes once for all of them, and where it needs
  /// means. Without one: all that the samples have in common.
  std::optional<std::size_t> shared_prefix = {};
  std::set<std::size_t> mean_layers = {};
};

/// Reads a set, each reader on a thread of its own. Where `work_folder` is named, finished chunks of samples are kept
/// there, and found there when it is called again. Throws Error{data} for no samples, Error{interrupted} when the job
/// is stopped; what the readers throw.
[[nodiscard]] RepresentationSet read_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                                     const RepresentationRequest& request = {}, const Job& job = {},
                                                     const std::filesystem::path& work_folder = {});

/// A share of it, a chunk a piece, into the work folder alone: the first rank finds there what all have read. Throws
/// what it throws.
void read_share_of_representations(PromptReaders readers, std::span<const TokenizedSample> samples,
                                   const RepresentationRequest& request, Share share,
                                   const std::filesystem::path& work_folder, const Job& job = {});

/// The mean over samples of h_l(+) - h_l(-), [layers][width], summed in double precision and in the samples' order.
[[nodiscard]] std::vector<float> mean_difference(const RepresentationSet& set);

/// How near a source comes to the oracle vectors of `held_out`, beside the mean difference of `training`: [layers].
[[nodiscard]] std::vector<OracleAgreement> agreement_with_oracle(const VectorSource& source,
                                                                 const RepresentationSet& training,
                                                                 const RepresentationSet& held_out);

// The ways to make steering vectors, by name.

/// What a method may learn from.
struct MethodTraining {
  RepresentationSet train;
  RepresentationSet validation;  ///< may be empty, but for methods that choose something on it
  SourceInfo info = {};          ///< of the source to be; the method's name is filled in
};

struct MethodOptions {
  std::vector<std::size_t> context_layers = {};             ///< candidates for the layer that is looked at
  std::vector<double> learning_rates = {3e-4, 1e-3, 3e-3};  ///< tried for each layer (l2s)
  std::size_t hidden_width = 100;                           ///< (l2s) the paper's
  std::size_t max_epochs = 200;                             ///< (l2s)
  std::uint64_t seed = 0;
  int threads = 0;                         ///< 0: all cores. Does not change the result
  std::filesystem::path work_folder = {};  ///< where finished parts are kept; empty: nowhere
};

/// One way to make steering vectors.
struct SteeringMethod {
  std::string_view name;
  std::string_view summary;       ///< for --help
  bool looks_at_prompt = false;   ///< learns from the prompts' representations at the context layers
  bool needs_validation = false;  ///< chooses something on the validation samples
  bool learns = true;             ///< false: needs no samples at all
  /// The method whose sweep chooses the fixed layer, and which is therefore swept along; empty: its own.
  std::string_view fixed_layer_by = {};
  /// Throws Error{vectors} if the samples do not allow it, Error{usage} for options out of range, Error{io} if a
  /// finished part cannot be kept, Error{interrupted} when the job is stopped.
  std::unique_ptr<VectorSource> (*fit)(const MethodTraining& training, const MethodOptions& options, const Job& job);
  std::string_view file_architecture;  ///< general.architecture of its file
  /// From the content of such a file. Throws Error{vectors} without the file's name.
  std::unique_ptr<VectorSource> (*read)(const TensorFile& file, SourceInfo info);
};

/// All methods, in the order of --help.
[[nodiscard]] std::span<const SteeringMethod> steering_methods();

/// Throws Error{usage} that lists the methods there are.
[[nodiscard]] const SteeringMethod& steering_method(std::string_view name);

/// Five layers spread over the depth, fewer for a model that has fewer.
[[nodiscard]] std::vector<std::size_t> default_context_layers(std::size_t layers);

/// Fits a method, and measures its agreement with the oracle vectors of the validation samples where there are any.
/// Throws what `fit` does, and Error{data} where it lacks training or validation samples.
[[nodiscard]] std::unique_ptr<VectorSource> fit_method(const SteeringMethod& method, const MethodTraining& training,
                                                       const MethodOptions& options, const Job& job = {});

// Steering vectors in the files of other tools: control vectors of llama.cpp and repeng (GGUF), NumPy (.npz), tables
// (.csv).

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
