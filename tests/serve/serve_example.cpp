// Writes what `w2s serve` is started with by tests that are other programs (OpenAI's Python client, a browser):
//   serve_example FOLDER
// model.gguf (tiny, random weights), results/warm and results/open (vectors and a layer predictor each), calm.gguf
// (vectors alone) and embedder.gguf (a tiny embedding model).
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>

#include "generate/generations.h"
#include "serve/running_server.h"
#include "support/tiny_bert.h"
#include "support/tiny_study.h"
#include "w2s/results.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

void write_behavior(const BehaviorFolder& folder, const ModelInfo& model, std::uint64_t seed) {
  fs::create_directories(folder.root);
  write_vector_source(folder.vectors(), some_vectors(model, seed));
  const PredictorPolicy policy{.objective = Objective::cross_entropy, .top_k = 1};
  PredictorFile file;
  file.encoder = "first-last";
  file.behavior = folder.root.filename().string();
  file.model_architecture = model.architecture;
  file.model_layers = model.layers;
  file.fixed_layer = 1;
  file.default_policy = policy;
  auto& fitted = file.by_policy[policy];
  fitted.policy = policy;
  fitted.by_seed = {some_predictor(model, seed)};
  write_predictors(folder.predictor(), file);
}

void write_example(const fs::path& folder) {
  fs::create_directories(folder);
  write_tiny_model(folder / "model.gguf", long_winded());
  const auto model = Model::load(folder / "model.gguf").info();
  write_behavior({folder / "results" / "warm"}, model, 1);
  write_behavior({folder / "results" / "open"}, model, 2);
  write_vector_source(folder / "calm.gguf", some_vectors(model, 3));
  write_tensor_file(folder / "embedder.gguf", tiny_word_piece_bert());
}

}  // namespace
}  // namespace w2s::test

int main(int count, char** arguments) try {
  if (count != 2) {
    std::fputs("usage: serve_example FOLDER\n", stderr);
    return 2;
  }
  w2s::test::write_example(arguments[1]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
