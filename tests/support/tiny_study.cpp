#include "support/tiny_study.h"

#include <fmt/format.h>

#include "base/random.h"

namespace w2s::test {
namespace {

constexpr const char* subjects[] = {"soup", "river", "engine", "violin", "market", "garden", "letter"};

std::string question(std::size_t index) {
  return fmt::format("Is {} {} warm?\n\nChoices:\n(A): yes\n(B): no", index, subjects[index % std::size(subjects)]);
}

}  // namespace

LoadedTinyModel::LoadedTinyModel(const TinyModelShape& shape) : model_(write_and_load(folder_, shape)) {}

Model LoadedTinyModel::write_and_load(const TemporaryFolder& folder, const TinyModelShape& shape) {
  write_tiny_model(folder / "model.gguf", shape);
  return Model::load(folder / "model.gguf");
}

Behavior questions(std::size_t samples) {
  Behavior behavior;
  behavior.name = "warm";
  behavior.positive = "You find everything warm.";
  behavior.negative = "You find nothing warm.";
  behavior.system = std::string(default_system_message);
  for (std::size_t i = 0; i < samples; ++i) {
    behavior.samples.push_back({.id = static_cast<std::int64_t>(i),
                                .messages = {{"user", question(i)}},
                                .chosen = i % 2 == 0 ? " (A)" : " (B)",
                                .rejected = i % 2 == 0 ? " (B)" : " (A)",
                                .where = fmt::format("warm.jsonl:{}", i + 1)});
  }
  return behavior;
}

std::string preference_pairs(std::size_t samples) {
  std::string lines;
  for (std::size_t i = 0; i < samples; ++i) {
    auto prompt = question(i);
    for (auto at = prompt.find('\n'); at != std::string::npos; at = prompt.find('\n')) prompt.replace(at, 1, "\\n");
    lines += fmt::format(R"json({{"id": {}, "prompt": "{}", "chosen": " ({})", "rejected": " ({})"}})json", i, prompt,
                         i % 2 == 0 ? 'A' : 'B', i % 2 == 0 ? 'B' : 'A');
    lines += '\n';
  }
  return lines;
}

std::vector<TokenizedSample> tokenized(const Model& model, const Behavior& behavior) {
  std::vector<TokenizedSample> samples;
  for (const auto& sample : behavior.samples) samples.push_back(tokenize_sample(model, behavior, sample));
  return samples;
}

std::vector<float> residuals_at_answer(Decoder& decoder, const TokenizedSample& sample, Token answer) {
  decoder.clear();
  Batch batch;
  for (const Token token : sample.prompt)
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  batch.rows.push_back({.token = answer, .position = static_cast<std::int32_t>(batch.rows.size())});
  for (std::size_t layer = 0; layer < decoder.model().info().layers; ++layer)
    batch.captures.push_back({.row = batch.rows.size() - 1, .layer = layer});
  return decoder.decode(batch).captured;
}

ConstantSource some_vectors(const ModelInfo& model, std::uint64_t seed) {
  Random random(seed);
  std::vector<float> values(model.layers * model.width);
  for (float& value : values) value = static_cast<float>(random.normal());
  return {{.method = "test", .model_architecture = model.architecture, .layers = model.layers, .width = model.width},
          std::move(values)};
}

}  // namespace w2s::test
