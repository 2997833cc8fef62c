// The side of w2s in a comparison with other programs: prints a line of JSON with what is swept, then reads the names
// of executors, a line each, and answers with the seconds that the sweep took and what came of it. usage: sweep_rounds
// MODEL.gguf DATA SAMPLES THREADS
#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string>
#include <vector>

#include "w2s/data.h"
#include "w2s/decoding.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {
namespace {

using Json = nlohmann::json;

class Setting {
 public:
  Setting(const std::string& model, const std::string& data, std::size_t samples, int threads)
      : model_(Model::load(model, {.gpu_layers = 0, .chat_template = {}})),
        threads_(threads),
        grid_(full_grid(model_.info().layers)) {
    const auto behavior = read_behaviors(data, {.limit = samples}).front();
    for (std::size_t i = 0; i < behavior.samples.size(); ++i)
      items_.push_back({.key = {.sample = i},
                        .id = behavior.samples[i].id,
                        .tokens = tokenize_sample(model_, behavior, behavior.samples[i])});
    for (const auto& item : items_) tokens_.push_back(item.tokens);
    const DecoderOptions options{.context = required_context(grid_, 1, items_, DecoderOptions{}.sequences),
                                 .threads = threads_};
    decoders_ = make_decoders(model_, options);
    vectors_ = mean_difference(read_representations(make_prompt_readers(decoders_), tokens_));
    source_ = std::make_unique<ConstantSource>(SourceInfo{.layers = model_.info().layers, .width = model_.info().width},
                                               vectors_);
    rows_ = make_executors(decoders_, ExecutorChoice::rows);
    minimal_ = make_executors(decoders_, ExecutorChoice::minimal);
  }

  [[nodiscard]] Json describe() const {
    Json samples = Json::array();
    for (const auto& sample : tokens_)
      samples.push_back({{"prompt", sample.prompt}, {"chosen", sample.chosen}, {"rejected", sample.rejected}});
    return {{"samples", std::move(samples)},
            {"common_prefix", common_prefix_length(tokens_)},
            {"layers", grid_.layers.size()},
            {"multipliers", grid_.multipliers},
            {"vectors", vectors_}};
  }

  [[nodiscard]] Json sweep(ExecutorChoice choice) {
    Json propensity(tokens_.size(), nullptr);
    const auto begin = std::chrono::steady_clock::now();
    w2s::sweep(
        choice == ExecutorChoice::rows ? rows_ : minimal_, {.grid = grid_, .sources = {source_.get()}}, items_,
        [](const SweepKey&) { return false; },
        [&](const SweepRecord& record) { propensity[record.key.sample] = record.propensity.front().values; });
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    return {{"seconds", seconds.count()}, {"propensity", std::move(propensity)}};
  }

 private:
  Model model_;
  int threads_;
  SweepGrid grid_;
  std::vector<SweepItem> items_;
  std::vector<TokenizedSample> tokens_;
  std::vector<Decoder> decoders_;
  std::vector<float> vectors_;  // [layers][width]
  std::unique_ptr<ConstantSource> source_;
  std::vector<std::unique_ptr<SweepExecutor>> rows_;
  std::vector<std::unique_ptr<SweepExecutor>> minimal_;
};

void answer(const Json& json) {
  fmt::print("{}\n", json.dump());
  std::fflush(stdout);
}

void answer_requests(std::span<char*> arguments) {
  Setting setting(arguments[1], arguments[2], std::stoul(arguments[3]), std::stoi(arguments[4]));
  answer(setting.describe());
  for (std::string line; std::getline(std::cin, line);) answer(setting.sweep(parse_executor_choice(line)));
}

}  // namespace
}  // namespace w2s

int main(int count, char** arguments) try {
  if (count != 5) {
    fmt::print(stderr, "usage: {} MODEL.gguf DATA SAMPLES THREADS\n", *arguments);
    return 2;
  }
  w2s::answer_requests({arguments, static_cast<std::size_t>(count)});
  return 0;
} catch (const std::exception& error) {
  fmt::print(stderr, "error: {}\n", error.what());
  return 1;
}
