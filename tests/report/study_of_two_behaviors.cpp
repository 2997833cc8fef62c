#include "report/study_of_two_behaviors.h"

#include <string>

#include "support/study_settings.h"
#include "support/temporary_folder.h"
#include "support/tiny_model.h"
#include "support/tiny_study.h"
#include "w2s/base.h"
#include "w2s/results.h"
#include "w2s/study.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

// Questions about `adjective` instead of "warm", so that the behaviours' prompts differ.
void write_data(const fs::path& folder, const std::string& adjective, std::size_t samples) {
  auto pairs = preference_pairs(samples);
  const std::string warm = " warm?";
  const auto asked = " " + adjective + "?";
  for (auto at = pairs.find(warm); at != std::string::npos; at = pairs.find(warm, at + asked.size()))
    pairs.replace(at, warm.size(), asked);
  write_file(folder / (adjective + ".jsonl"), pairs);
  write_file(folder / (adjective + ".toml"), "positive = \"You find everything " + adjective +
                                                 ".\"\nnegative = \"You find nothing " + adjective + ".\"\n");
}

StudySettings settings_in(const fs::path& inputs) {
  auto settings = tiny_study(inputs / "tiny-llama.gguf", inputs / "warm.jsonl");
  settings.data.push_back((inputs / "expensive.jsonl").string());
  settings.methods = {"l2s", "caa"};
  settings.method_options.learning_rates = {1e-3};
  settings.method_options.max_epochs = 3;
  settings.method_options.hidden_width = 8;
  settings.context_layers = LayerList::parse("1,2");
  settings.variants = {PromptVariant::user_negative};
  settings.fit.encoder = parse_encoder_choice("first-mean");
  settings.fit.top_k = {1, 2};
  settings.fit.objectives = {Objective::cross_entropy, Objective::expected_steerability};
  settings.fit.predictor.grid.learning_rates = {1e-2, 1e-3};
  settings.evaluation.bootstrap_draws = 200;
  return settings;
}

}  // namespace

void write_study_of_two_behaviors(const fs::path& folder) {
  const TemporaryFolder inputs;
  write_tiny_model(inputs / "tiny-llama.gguf", tiny_llama());
  write_data(inputs.path(), "warm", 40);
  write_data(inputs.path(), "expensive", 30);
  const auto settings = settings_in(inputs.path());
  static_cast<void>(run_study(settings, folder));
  write_file(encoder_comparison_path(folder),
             encoder_comparison_to_json(compare_encoders(folder, settings.fit.predictor)));
}

}  // namespace w2s::test
