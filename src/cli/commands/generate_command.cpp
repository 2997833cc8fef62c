#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/commands/work.h"
#include "cli/options/generation_options.h"
#include "cli/options/options.h"
#include "cli/print/side_by_side.h"
#include "w2s/base.h"
#include "w2s/generation.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

struct GenerateOptions {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0, .sequences = 2};
  SteeringArguments steering;
  GenerationRequest request;
  std::string prompt;
  std::filesystem::path prompt_file;
  std::string system;
  bool compare = false;
  std::string format = "text";
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add(w2s::model_options(model, model_options, decoder));
    line.add(
        "Prompt",
        {option("-p,--prompt", prompt, any_text("PROMPT"), "What the user says"),
         option("-f,--file", prompt_file, any_path("FILE"), "File with what the user says, instead of --prompt"),
         option("--system,--system-prompt", system, any_text("TEXT"), "System message"),
         option("-n,--predict", request.max_tokens, whole_number(1, 1U << 20U), "Tokens to generate at most"),
         option("-r,--reverse-prompt", request.stop, any_text("TEXT"), "Stop in front of this text (may be repeated)")
             .of_type("TEXT")
             .taking(OptionValues::repeated)});
    line.add(steering.options());
    line.add("Steering", {flag("--compare", compare, "Unsteered beside it, from the same decode of the prompt")});
    line.add(sampling_options(request.sampling));
    line.add("Output", {option("--format", format, any_of({"text", "json"}, "FORMAT"),
                               "text (as it is generated) or json (when it is finished)")});
    line.add({sampling_seed_option(request.sampling.seed), threads_option(decoder.threads), quiet_option(quiet)});
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
    if (options_.quiet) return;
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

  auto& request = options.request;
  request.steering = options.steering.requests();
  if (options.compare && request.steering.empty()) throw Error(ErrorKind::usage, "--compare needs a --steer NAME=PATH");
  const auto messages = options.messages();
  request.text = plain_text(messages);

  const Work work(console, options.quiet);
  const auto model = Model::load(options.model, options.model_options);
  request.prompt = model.tokenize(model.chat_prompt(messages));
  auto decoder = options.decoder;
  if (decoder.context == 0) decoder.context = (options.compare ? 2 : 1) * (request.prompt.size() + request.max_tokens);
  auto steerings = options.steering.load(model, decoder.threads, options.model_options.gpu_layers);
  GenerationEngine engine(Decoder(model, decoder), std::move(steerings));
  Generating(options, console).run(engine, request, work.job());
}

}  // namespace w2s::cli
