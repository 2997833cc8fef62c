// Writes what a server for the tests of its page is started with:
//   serve_chat_example FOLDER
// model.gguf, results/warm (vectors and a predictor whose layer depends on the prompt), results/report.html and
// calm.gguf (vectors alone).
#include <cstdio>
#include <exception>
#include <filesystem>

#include "generate/generations.h"
#include "support/tiny_model.h"
#include "support/tiny_study.h"
#include "w2s/file.h"
#include "w2s/layer_predictor.h"
#include "w2s/model.h"
#include "w2s/study.h"

namespace w2s::test {
namespace {

namespace fs = std::filesystem;

// Its answers go on for as long as they are let.
TinyModelShape talkative() {
  auto shape = tiny_llama();
  shape.layers = 8;
  shape.context = 65536;
  return shape;
}

PredictorFile predictor_for(const ModelInfo& model) {
  const PredictorPolicy policy;
  PredictorFile file{.encoder = "first-mean",
                     .behavior = "warm",
                     .model_architecture = model.architecture,
                     .model_layers = model.layers,
                     .fixed_layer = 5,
                     .default_policy = policy,
                     .by_policy = {},
                     .notes = {}};
  file.by_policy[policy] = {.policy = policy, .settings = {}, .scores = {}, .by_seed = {some_predictor(model, 5)}};
  return file;
}

// As the real one, it needs scripts and styles of its own.
constexpr const char* report = R"(<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'" />
    <title>A report</title>
  </head>
  <body>
    <h1></h1>
    <script>document.querySelector("h1").textContent = "What was measured";</script>
  </body>
</html>
)";

void write_example(const fs::path& folder) {
  fs::create_directories(folder / "results" / "warm");
  write_tiny_model(folder / "model.gguf", talkative());
  const auto model = Model::load(folder / "model.gguf");
  const BehaviorFolder warm{folder / "results" / "warm"};
  write_vector_source(warm.vectors(), some_vectors(model.info(), 1));
  write_predictors(warm.predictor(), predictor_for(model.info()));
  write_file(folder / "results" / "report.html", report);
  write_vector_source(folder / "calm.gguf", some_vectors(model.info(), 2));
}

}  // namespace
}  // namespace w2s::test

int main(int count, char** arguments) try {
  if (count != 2) {
    std::fputs("usage: serve_chat_example FOLDER\n", stderr);
    return 2;
  }
  w2s::test::write_example(arguments[1]);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return 1;
}
