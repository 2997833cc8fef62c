// What a study can be told, as options bound to its settings: for `w2s run`, experiments' files, and the commands that
// do a part of a study.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "w2s/option.h"
#include "w2s/study.h"

namespace w2s {

/// All of them, in the order of --help. The settings must outlive the options, here and below.
[[nodiscard]] Options study_options(StudySettings& settings);

[[nodiscard]] Options model_options(std::filesystem::path& model, ModelOptions& options, DecoderOptions& decoder);
[[nodiscard]] Options data_options(std::vector<std::string>& sources, DataSelection& selection);
[[nodiscard]] Option variants_option(std::vector<PromptVariant>& variants);
/// How methods learn.
[[nodiscard]] Options fitting_options(MethodOptions& options, LayerList& context_layers);
[[nodiscard]] Options grid_options(LayerList& layers, std::vector<float>& multipliers, ExecutorChoice& executor);
[[nodiscard]] Option operator_option(SteeringOperator& operation);
[[nodiscard]] Options predictor_options(FitSettings& settings);
/// Only how networks are trained and chosen.
[[nodiscard]] Options training_options(PredictorOptions& options);
[[nodiscard]] Option seed_option(std::uint64_t& seed, const std::string& what_it_decides);
/// The same for a command on a results folder, whose own seed stands for none.
[[nodiscard]] Option seed_option(std::optional<std::uint64_t>& seed, const std::string& what_it_decides);
[[nodiscard]] Option threads_option(int& threads);
/// The same for a command whose file says how many.
[[nodiscard]] Option threads_option(std::optional<int>& threads);

/// A layer, an embedding model's file (relative to where the option is written) or a server's model.
[[nodiscard]] ValueType<EncoderChoice> encoder_type();
/// The name of a steering method.
[[nodiscard]] ValueType<std::string> method_type();
/// "caa (...), l2s (...)", for --help.
[[nodiscard]] std::string list_of_methods();

/// The same settings with their one seed and thread count in all parts.
[[nodiscard]] StudySettings handed_down(StudySettings settings);

}  // namespace w2s
