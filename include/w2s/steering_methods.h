// The ways to make steering vectors, by name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/job.h"
#include "w2s/representations.h"
#include "w2s/vector_source.h"

namespace w2s {

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

}  // namespace w2s
