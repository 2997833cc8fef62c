// Options that several commands share, under the names that llama.cpp gives them where it has them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/command_line.h"
#include "cli/work.h"
#include "w2s/dataset.h"
#include "w2s/decoder.h"
#include "w2s/layer_predictor.h"
#include "w2s/model.h"
#include "w2s/prompt_variant.h"
#include "w2s/steering_methods.h"
#include "w2s/steering_operator.h"
#include "w2s/sweep_executor.h"

namespace w2s::cli {

struct GeneralOptions {
  std::uint64_t seed = 0;
  std::optional<std::uint64_t> named_seed = {};
  int threads = 0;
  bool quiet = false;

  void add_seed_to(CommandLine& line, const std::string& what_it_decides);
  /// The same for a command on a results folder, whose own seed is the default.
  void add_seed_of_folder_to(CommandLine& line, const std::string& what_it_decides);
  /// The seed named, else the folder's.
  [[nodiscard]] std::uint64_t seed_for(const std::filesystem::path& folder) const;
  void add_threads_to(CommandLine& line);
  void add_quiet_to(CommandLine& line);
};

struct ModelArguments {
  std::filesystem::path model;
  int gpu_layers = -1;
  std::vector<std::string> rpc_servers;
  std::size_t context = 0;
  std::filesystem::path chat_template_file;

  void add_to(CommandLine& line);
  /// For a command that does without a model but for some of its work.
  void add_optional_to(CommandLine& line);
  /// Connects to the RPC servers first: models are then loaded onto them as onto GPUs. Throws what add_rpc_servers
  /// does.
  [[nodiscard]] ModelOptions model_options() const;
  [[nodiscard]] DecoderOptions decoder_options(int threads) const;

 private:
  void add(CommandLine& line, bool required);
};

/// The warning that numbers of this model need; nothing for one that needs none.
void warn_if_quantized(const ModelInfo& model, Work& work);

struct DataArguments {
  std::vector<std::string> sources;
  std::vector<std::string> behaviors;
  std::size_t limit = 0;

  void add_to(CommandLine& line);
  [[nodiscard]] DataSelection selection(std::uint64_t seed) const;
  void warn_if_limited(Work& work) const;
};

/// The only behaviour that was asked for. Throws Error{usage} that lists them if there are several.
[[nodiscard]] Behavior read_single_behavior(const DataArguments& data, std::uint64_t seed);

struct GridArguments {
  std::vector<std::string> layers;
  std::vector<std::string> multipliers;
  std::string executor = "auto";

  void add_to(CommandLine& line);
  [[nodiscard]] ExecutorChoice parsed_executor() const { return parse_executor_choice(executor); }
  /// As parse_layers takes them; empty for all layers.
  [[nodiscard]] std::string layer_list() const;
  /// steering-bench's unless others were given. Throws Error{usage}.
  [[nodiscard]] std::vector<float> parsed_multipliers() const;
};

/// How steering vectors are made and applied.
struct MethodArguments {
  std::string operation = "add";
  std::vector<std::string> context_layers;
  MethodOptions options;

  /// For a command that fits.
  void add_fitting_to(CommandLine& line);
  /// For a command that steers.
  void add_operator_to(CommandLine& line);
  /// As parse_layers takes them; empty for a spread over the depth.
  [[nodiscard]] std::string context_layer_list() const;
  [[nodiscard]] SteeringOperator parsed_operator() const { return parse_steering_operator(operation); }
  /// "caa (...), l2s (...)", for --help.
  [[nodiscard]] static std::string list_of_methods();
};

struct VariantArguments {
  std::vector<std::string> names = {"BASE"};
  std::string layers = "needed";

  void add_to(CommandLine& line);
  void add_layers_to(CommandLine& line);
  /// Whether variants beside BASE are swept like BASE, or only where a policy would steer.
  [[nodiscard]] bool at_all_layers() const { return layers == "all"; }
  /// "all" stands for all five. Throws Error{usage}.
  [[nodiscard]] std::vector<PromptVariant> variants() const;
};

struct PredictorArguments {
  std::string encoder = "middle-last";
  std::vector<std::string> text_encoders;
  std::vector<std::string> objectives = {"cross-entropy"};
  std::vector<std::size_t> top_k = {1, 2, 3};
  PredictorOptions options;

  void add_to(CommandLine& line);
  /// For a command that has the prompts.
  void add_text_encoders_to(CommandLine& line);
  /// Only how networks are trained and chosen.
  void add_training_to(CommandLine& line);
  /// Throws Error{usage}.
  [[nodiscard]] std::vector<Objective> parsed_objectives() const;
  [[nodiscard]] PredictorOptions predictor_options(const GeneralOptions& general) const;
};

}  // namespace w2s::cli
