#include <algorithm>
#include <iostream>
#include <string>
#include <utility>

#include "cli/chat.h"
#include "cli/commands.h"
#include "cli/generation_options.h"
#include "cli/options.h"
#include "cli/stop_signals.h"
#include "w2s/error.h"
#include "w2s/generation_engine.h"

namespace w2s::cli {
namespace {

constexpr std::size_t default_context = 4096;

struct ChatOptions {
  ModelArguments model;
  SteeringArguments steering;
  SamplingArguments sampling;
  GeneralOptions general;
  ChatSettings settings;

  void add_to(CommandLine& line) {
    model.add_to(line);
    line.add_option("--system,--system-prompt", settings.system, "System message")->type_name("TEXT")->group("Prompt");
    line.add_option("-n,--predict", settings.max_tokens, "Tokens of an answer at most")
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("N")
        ->group("Prompt");
    steering.add_to(line);
    line.add_flag("--compare", settings.compare, "Unsteered answers beside the steered ones")->group("Steering");
    sampling.add_to(line);
    general.add_seed_to(line, "the tokens that are drawn");
    general.add_threads_to(line);
    general.add_quiet_to(line);
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

  auto settings = options.settings;
  settings.steering = options.steering.requests();
  settings.sampling = options.sampling.with_seed(options.general.seed);
  settings.quiet = options.general.quiet;

  const auto model = Model::load(options.model.model, options.model.model_options());
  auto decoder = options.model.decoder_options(options.general.threads);
  decoder.sequences = 2;
  if (decoder.context == 0) decoder.context = std::min(default_context, model.info().training_context);
  auto steerings = options.steering.load(model, options.general.threads, options.model.gpu_layers);
  GenerationEngine engine(Decoder(model, decoder), std::move(steerings));
  Chat(engine, std::move(settings), console).converse(std::cin, until_interrupted);
}

}  // namespace w2s::cli
