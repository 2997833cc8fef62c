#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/generation_options.h"
#include "cli/options.h"
#include "cli/side_by_side.h"
#include "cli/work.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/generation_engine.h"

namespace w2s::cli {
namespace {

struct GenerateOptions {
  ModelArguments model;
  SteeringArguments steering;
  SamplingArguments sampling;
  GeneralOptions general;
  std::string prompt;
  std::filesystem::path prompt_file;
  std::string system;
  std::size_t max_tokens = 128;
  std::vector<std::string> stop;
  bool compare = false;
  std::string format = "text";

  void add_to(CommandLine& line) {
    model.add_to(line);
    line.add_option("-p,--prompt", prompt, "What the user says")->type_name("PROMPT")->group("Prompt");
    line.add_path("-f,--file", prompt_file, "File with what the user says, instead of --prompt")
        ->type_name("FILE")
        ->group("Prompt");
    line.add_option("--system,--system-prompt", system, "System message")->type_name("TEXT")->group("Prompt");
    line.add_option("-n,--predict", max_tokens, "Tokens to generate at most")
        ->check(CLI::Range(1, 1 << 20))
        ->type_name("N")
        ->group("Prompt");
    line.add_option("-r,--reverse-prompt", stop, "Stop in front of this text (may be repeated)")
        ->allow_extra_args(false)
        ->type_name("TEXT")
        ->group("Prompt");
    steering.add_to(line);
    line.add_flag("--compare", compare, "Unsteered beside it, from the same decode of the prompt")->group("Steering");
    sampling.add_to(line);
    line.add_option("--format", format, "text (as it is generated) or json (when it is finished)")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("FORMAT")
        ->group("Output");
    general.add_seed_to(line, "the tokens that are drawn");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }

  [[nodiscard]] std::vector<ChatMessage> messages() const {
    if (prompt.empty() == prompt_file.empty())
      throw Error(ErrorKind::usage, "name a prompt: one of --prompt and --file");
    std::vector<ChatMessage> all;
    if (!system.empty()) all.push_back({"system", system});
    all.push_back({"user", prompt_file.empty() ? prompt : read_file(prompt_file)});
    return all;
  }
};

// One of the answers, as its events tell of it.
struct Answer {
  GenerationStarted started;
  std::vector<Token> tokens;
  std::string text;
  GenerationFinished finished;

  /// Returns what is new of the text.
  std::string add(const GenerationEvent& event) {
    if (const auto* start = std::get_if<GenerationStarted>(&event)) {
      started = *start;
      return {};
    }
    const auto* token = std::get_if<GeneratedToken>(&event);
    if (token != nullptr) tokens.push_back(token->token);
    if (token == nullptr) finished = std::get<GenerationFinished>(event);
    const auto& news = token != nullptr ? token->text : finished.text;
    text += news;
    return news;
  }
};

nlohmann::ordered_json to_json(const Answer& answer) {
  nlohmann::ordered_json applied = nlohmann::ordered_json::array();
  for (const auto& one : answer.started.applied) {
    const auto confidence = one.confidence ? nlohmann::ordered_json(*one.confidence) : nlohmann::ordered_json();
    applied.push_back({{"name", one.name}, {"layer", one.layer}, {"scale", one.scale}, {"confidence", confidence}});
  }
  return {{"text", answer.text},
          {"tokens", answer.tokens},
          {"prompt_tokens", answer.started.prompt_tokens},
          {"finish_reason", to_string(answer.finished.reason)},
          {"steering", {{"applied", applied}}}};
}

class Generating {
 public:
  Generating(const GenerateOptions& options, const Console& console) : options_(options), console_(console) {}

  void run(GenerationEngine& engine, const GenerationRequest& request, const Job& job) {
    start(engine, request, steered_);
    if (options_.compare) {
      auto unsteered = request;
      unsteered.steering.clear();
      start(engine, unsteered, unsteered_);
    }
    while (engine.step()) job.check_stop();
    for (const auto* answer : {&steered_, &unsteered_})
      if (answer->finished.reason == FinishReason::failed) throw Error(ErrorKind::engine, answer->finished.message);
    print_end();
  }

 private:
  [[nodiscard]] bool is_streamed() const { return options_.format == "text" && !options_.compare; }

  void start(GenerationEngine& engine, const GenerationRequest& request, Answer& answer) {
    engine.submit(request, [this, &answer](const GenerationEvent& event) {
      const auto news = answer.add(event);
      if (std::holds_alternative<GenerationStarted>(event)) print_applied(answer);
      if (is_streamed() && !news.empty()) console_.out(news);
    });
  }

  void print_applied(const Answer& answer) const {
    if (options_.general.quiet) return;
    for (const auto& applied : answer.started.applied) console_.err(describe(applied) + "\n");
  }

  void print_end() const {
    if (is_streamed()) {
      console_.out("\n");
    } else if (options_.format == "text") {
      console_.out(side_by_side({.title = "steered", .text = steered_.text},
                                {.title = "unsteered", .text = unsteered_.text}, console_.err_columns));
    } else {
      auto json = to_json(steered_);
      if (options_.compare) json["unsteered"] = to_json(unsteered_);
      console_.out(json.dump() + "\n");
    }
  }

  const GenerateOptions& options_;
  const Console& console_;
  Answer steered_;
  Answer unsteered_;
};

}  // namespace

void generate_command(const Arguments& arguments, const Console& console) {
  GenerateOptions options;
  CommandLine line("generate",
                   "Answers a prompt, steered at the layer that the predictor chooses for it, or at layers that are "
                   "named. The vector is added at the last prompt token and at every generated token. Says on standard "
                   "error which layer it was and how sure the predictor was.",
                   "w2s generate -m model.gguf --steer positive=results/positive-review --scale 1.5 -p 'How was the "
                   "soup?'");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  const auto requests = options.steering.requests();
  if (options.compare && requests.empty()) throw Error(ErrorKind::usage, "--compare needs a --steer NAME=PATH");
  const auto messages = options.messages();
  GenerationRequest request{.prompt = {},
                            .text = plain_text(messages),
                            .steering = requests,
                            .sampling = options.sampling.with_seed(options.general.seed),
                            .max_tokens = options.max_tokens,
                            .stop = options.stop};

  const Work work(console, options.general.quiet);
  const auto model = Model::load(options.model.model, options.model.model_options());
  request.prompt = model.tokenize(model.chat_prompt(messages));
  auto decoder = options.model.decoder_options(options.general.threads);
  decoder.sequences = 2;
  if (decoder.context == 0) decoder.context = (options.compare ? 2 : 1) * (request.prompt.size() + options.max_tokens);
  auto steerings = options.steering.load(model, options.general.threads, options.model.gpu_layers);
  GenerationEngine engine(Decoder(model, decoder), std::move(steerings));
  Generating(options, console).run(engine, request, work.job());
}

}  // namespace w2s::cli
