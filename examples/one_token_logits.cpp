// Prints the logits after one token with steering vectors added after every layer but layer 0, one a line: what
// llama.cpp computes with these vectors as a control vector. scripts/check-interop.sh compares the two.
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include "w2s/decoding.h"
#include "w2s/vectors.h"

namespace {

std::vector<float> steered_logits(const std::filesystem::path& model_path, const std::filesystem::path& vectors_path,
                                  float scale, w2s::Token token) {
  w2s::ModelOptions on_cpu;
  on_cpu.gpu_layers = 0;
  const auto model = w2s::Model::load(model_path, on_cpu);
  const auto source = w2s::read_vector_source(vectors_path);
  w2s::check_fits(*source, model.info());
  w2s::Decoder decoder(model);

  std::vector<std::vector<float>> vectors;
  for (std::size_t layer = 0; layer < model.info().layers; ++layer) vectors.push_back(source->vector(layer, {}));
  w2s::Batch batch;
  batch.rows = {{.token = token, .position = 0, .wants_logits = true}};
  for (std::size_t layer = 1; layer < vectors.size(); ++layer)
    batch.edits.push_back({.row = 0, .steering = {.layer = layer, .scale = scale, .direction = vectors[layer]}});
  return decoder.decode(batch).logits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fprintf(stderr, "usage: %s MODEL.gguf VECTORS.gguf SCALE TOKEN\n", argv[0]);
    return 2;
  }
  try {
    for (const float logit : steered_logits(argv[1], argv[2], std::stof(argv[3]), std::stoi(argv[4])))
      std::printf("%.9g\n", static_cast<double>(logit));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "error: %s\n", error.what());
    return 1;
  }
  return 0;
}
