#include "cli/commands/chat.h"

#include <fmt/format.h>

#include <utility>

#include "cli/options/generation_options.h"
#include "cli/print/side_by_side.h"
#include "w2s/base.h"

namespace w2s::cli {
namespace {

constexpr std::string_view help =
    "/scale [NAME] X      strength from now on, of NAME or of all\n"
    "/layer [NAME] LAYER  auto, auto:K, a layer or a list of layers\n"
    "/compare             unsteered answers beside the steered ones, or no longer\n"
    "/reset               forget what was said\n"
    "/quit                end\n"
    "Ctrl-C stops an answer.\n";

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto begin = text.find_first_not_of(blanks);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

}  // namespace

Chat::Chat(GenerationEngine& engine, ChatSettings settings, Console console)
    : engine_(&engine), settings_(std::move(settings)), console_(std::move(console)) {
  reset();
}

void Chat::say(std::string_view line) const { console_.err(fmt::format("{}\n", line)); }

void Chat::reset() {
  messages_.clear();
  if (!settings_.system.empty()) messages_.push_back({"system", settings_.system});
}

std::pair<std::vector<SteeringRequest*>, std::string> Chat::split(std::string_view arguments) {
  const auto blank = arguments.find(' ');
  const auto name = blank == std::string_view::npos ? std::string_view() : arguments.substr(0, blank);
  std::vector<SteeringRequest*> meant;
  for (auto& request : settings_.steering)
    if (name.empty() || request.name == name) meant.push_back(&request);
  if (meant.empty()) {
    throw Error(ErrorKind::usage, settings_.steering.empty() ? "nothing steers: begin with --steer NAME=PATH"
                                                             : fmt::format("there is no steering '{}'", name));
  }
  return {meant, std::string(trim(arguments.substr(name.size())))};
}

void Chat::set_scale(std::string_view arguments) {
  const auto [meant, value] = split(arguments);
  const float scale = parse_scale(value);
  for (auto* request : meant) request->scale = scale;
}

void Chat::set_layer(std::string_view arguments) {
  const auto [meant, value] = split(arguments);
  const auto layer = parse_layer_choice(value);
  for (auto* request : meant) request->layer = layer;
}

bool Chat::obey(std::string_view command) {
  const auto name = command.substr(0, command.find(' '));
  const auto arguments = trim(command.substr(name.size()));
  if (name == "/quit" || name == "/exit") return false;
  if (name == "/help") {
    console_.err(help);
  } else if (name == "/scale") {
    set_scale(arguments);
  } else if (name == "/layer") {
    set_layer(arguments);
  } else if (name == "/reset") {
    reset();
  } else if (name == "/compare") {
    settings_.compare = !settings_.compare;
    say(settings_.compare ? "unsteered answers beside the steered ones" : "steered answers alone");
  } else {
    throw Error(ErrorKind::usage, fmt::format("'{}' is no command: /help lists them", name));
  }
  return true;
}

void Chat::submit(const GenerationRequest& request, Answer& answer, bool is_streamed, std::vector<GenerationId>& ids) {
  ids.push_back(engine_->submit(request, [this, &answer, is_streamed](const GenerationEvent& event) {
    if (const auto* start = std::get_if<GenerationStarted>(&event)) {
      if (settings_.quiet) return;
      for (const auto& applied : start->applied) say(describe(applied));
      return;
    }
    const auto* token = std::get_if<GeneratedToken>(&event);
    if (token == nullptr) answer.finished = std::get<GenerationFinished>(event);
    const auto& news = token != nullptr ? token->text : answer.finished.text;
    answer.text += news;
    if (is_streamed && !news.empty()) console_.out(news);
  }));
}

void Chat::answer(const std::stop_token& stop) {
  const auto& model = engine_->model();
  GenerationRequest request{.prompt = model.tokenize(model.chat_prompt(messages_)),
                            .text = plain_text(messages_),
                            .steering = settings_.steering,
                            .sampling = settings_.sampling,
                            .max_tokens = settings_.max_tokens};
  Answer steered;
  Answer unsteered;
  std::vector<GenerationId> ids;
  submit(request, steered, !settings_.compare, ids);
  if (settings_.compare) {
    request.steering.clear();
    submit(request, unsteered, false, ids);
  }
  while (engine_->step())
    if (stop.stop_requested())
      for (const auto id : ids) engine_->cancel(id);
  if (steered.finished.reason == FinishReason::failed) throw Error(ErrorKind::engine, steered.finished.message);
  if (settings_.compare) {
    console_.out(side_by_side({.title = "steered", .text = steered.text},
                              {.title = "unsteered", .text = unsteered.text}, console_.err_columns));
  } else {
    console_.out("\n");
  }
  messages_.push_back({"assistant", steered.text});
}

void Chat::converse(std::istream& input,
                    const std::function<void(const std::function<void(const std::stop_token&)>&)>& while_answering) {
  std::string line;
  while (true) {
    if (!settings_.quiet) console_.err("> ");
    if (!std::getline(input, line)) break;
    const auto said = trim(line);
    if (said.empty()) continue;
    const auto before = messages_;
    try {
      if (said.starts_with('/')) {
        if (!obey(said)) break;
        continue;
      }
      messages_.push_back({"user", std::string(said)});
      while_answering([this](const std::stop_token& stop) { answer(stop); });
    } catch (const Error& error) {
      // What can not be answered was not said; the conversation goes on. Nobody reads a closed output.
      if (error.kind() == ErrorKind::io) throw;
      messages_ = before;
      say(fmt::format("error: {}", error.what()));
    }
  }
  if (!settings_.quiet) console_.err("\n");
}

}  // namespace w2s::cli
