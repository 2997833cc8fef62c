#include <algorithm>
#include <filesystem>
#include <iostream>
#include <string>
#include <utility>

#include "cli/commands/chat.h"
#include "cli/commands/commands.h"
#include "cli/options/generation_options.h"
#include "cli/options/options.h"
#include "cli/stop_signals.h"
#include "w2s/generation.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

constexpr std::size_t default_context = 4096;

struct ChatOptions {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0, .sequences = 2};
  SteeringArguments steering;
  ChatSettings settings;

  void add_to(CommandLine& line) {
    line.add(w2s::model_options(model, model_options, decoder));
    line.add("Prompt",
             {option("--system,--system-prompt", settings.system, any_text("TEXT"), "System message"),
              option("-n,--predict", settings.max_tokens, whole_number(1, 1U << 20U), "Tokens of an answer at most")});
    line.add(steering.options());
    line.add("Steering", {flag("--compare", settings.compare, "Unsteered answers beside the steered ones")});
    line.add(sampling_options(settings.sampling));
    line.add(
        {sampling_seed_option(settings.sampling.seed), threads_option(decoder.threads), quiet_option(settings.quiet)});
  }
};

// The first Ctrl-C stops the answer; a second one, or one between answers, ends the program.
void until_interrupted(const std::function<void(const std::stop_token&)>& answer) {
  constexpr bool quiet = true;
  const StopSignals signals(quiet);
  answer(signals.token());
}

}  // namespace

void chat_command(const Arguments& arguments, const Console& console) {
  ChatOptions options;
  CommandLine line("chat",
                   "A conversation from standard input, steered at the layer that the predictor chooses for each "
                   "question, or at layers that are named. /help lists what can be changed on the way.",
                   "w2s chat -m model.gguf --steer positive=results/positive-review --scale 1.5 --compare");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  options.settings.steering = options.steering.requests();
  const auto model = Model::load(options.model, options.model_options);
  auto decoder = options.decoder;
  if (decoder.context == 0) decoder.context = std::min(default_context, model.info().training_context);
  auto steerings = options.steering.load(model, decoder.threads, options.model_options.gpu_layers);
  GenerationEngine engine(Decoder(model, decoder), std::move(steerings));
  Chat(engine, std::move(options.settings), console).converse(std::cin, until_interrupted);
}

}  // namespace w2s::cli
