#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "cli/commands/commands.h"
#include "cli/options/generation_options.h"
#include "cli/options/options.h"
#include "cli/stop_signals.h"
#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/server.h"
#include "w2s/study.h"

namespace w2s::cli {
namespace {

constexpr std::size_t default_context_of_an_answer = 2048;
constexpr std::uint64_t largest_count = 1U << 30U;

ValueType<std::chrono::milliseconds> seconds() {
  const ValueType<int> count = whole_number(1, largest_count);
  return {
      .name = "N",
      .parse = [count](const std::string& text) { return std::chrono::seconds(count.parse(text)); },
      .show = [](const auto& time) { return std::to_string(std::chrono::floor<std::chrono::seconds>(time).count()); },
      .is_text = false};
}

struct ServeOptions {
  std::filesystem::path model;
  ModelOptions model_options;
  DecoderOptions decoder{.context = 0, .sequences = 4};
  SteeringArguments steering;
  ServerOptions server;
  std::filesystem::path embedding_model;
  std::filesystem::path api_key_file;
  std::filesystem::path log_file;
  bool quiet = false;

  void add_to(CommandLine& line) {
    line.add(w2s::model_options(model, model_options, decoder));
    line.add("Model",
             {option("-a,--alias", server.model_name, any_text("NAME"), "What clients call the model")
                  .defaulting_to("its file's name"),
              option("--embedding-model", embedding_model, any_path("FILE.gguf"),
                     "Embedding model of /v1/embeddings; without it, that of a predictor that sees prompts through "
                     "one")});
    line.add(steering.options_of_sources());
    line.add("Steering",
             {option("--report", server.report, any_path("FILE.html"), "Page of w2s report that the chat links to")
                  .defaulting_to("report.html in the results folder of a --steer")});
    line.add(network_options());
    line.add(limit_options());
    line.add("Log", {option("--log-file", log_file, any_path("FILE"),
                            "Where to append a line of JSON for each request, instead of standard error"),
                     flag("--log-prompts", server.log_prompts, "Log what is asked and answered as well")});
    line.add({threads_option(decoder.threads), quiet_option(quiet)});
  }

  [[nodiscard]] Options network_options() {
    return in_group(
        "Network",
        {option("--host", server.host, any_text("HOST"), "Address to listen at; 0.0.0.0 or :: for all"),
         option("--port", server.port, whole_number(0, 65535), "Port to listen at; 0: any that is free"),
         option(
             "--api-key", server.api_keys, any_text("KEY"),
             "Key that requests must show (may be repeated); better in W2S_API_KEY or a file, because other users of "
             "this machine can see command lines")
             .of_type("KEY"),
         option("--api-key-file", api_key_file, any_path("FILE"), "File of such keys, one a line"),
         option("--cors-origin", server.cors_origins, any_text("ORIGIN"),
                "Web pages of this origin may ask, for instance https://chat.example (may be repeated; *: all)")
             .of_type("ORIGIN")
             .taking(OptionValues::repeated)});
  }

  [[nodiscard]] Options limit_options() {
    return in_group(
        "Limits",
        {option("--parallel", decoder.sequences, whole_number(1, 256),
                "Answers generated at once, short -np, 2 at least; they share the context, by default 2048 tokens for "
                "each"),
         option("-n,--predict", server.default_max_tokens, whole_number(0, largest_count),
                "Tokens of an answer at most where a request does not say; 0: its share of the context"),
         option("--max-prompt", server.max_prompt_tokens, whole_number(0, largest_count),
                "Tokens of a prompt at most; 0: what the context has room for"),
         option("--max-choices", server.max_choices, whole_number(1, largest_count), "Answers to one request at most"),
         option("--max-queue", server.max_queued, whole_number(0, largest_count),
                "Answers that may wait; further requests are told to come again (429)"),
         option("--max-body", server.max_body_bytes, mebibytes("N", whole_number(1, largest_count)),
                "Megabytes of a request at most"),
         option("--timeout", server.request_timeout, seconds(),
                "Seconds in which a request must be answered, short -to")});
  }
};

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  const auto text = read_file(path);
  std::size_t begin = 0;
  while (begin < text.size()) {
    const auto end = std::min(text.find('\n', begin), text.size());
    auto line = text.substr(begin, end - begin);
    if (line.ends_with('\r')) line.pop_back();
    if (!line.empty()) lines.push_back(std::move(line));
    begin = end + 1;
  }
  return lines;
}

std::vector<std::string> keys_of(const ServeOptions& options) {
  auto keys = options.server.api_keys;
  if (!options.api_key_file.empty()) {
    const auto more = lines_of(options.api_key_file);
    if (more.empty()) throw Error(ErrorKind::usage, fmt::format("{}: has no key", options.api_key_file.string()));
    keys.insert(keys.end(), more.begin(), more.end());
  }
  if (const char* key = std::getenv("W2S_API_KEY"); key != nullptr && *key != '\0') keys.emplace_back(key);
  return keys;
}

// The first of the results folders that has one, unless a file is named.
std::filesystem::path report_of(const ServeOptions& options) {
  namespace fs = std::filesystem;
  const auto& named = options.server.report;
  if (!named.empty()) {
    if (fs::is_regular_file(named)) return named;
    throw Error(ErrorKind::usage, fmt::format("{}: no such file; 'w2s report' makes it", named.string()));
  }
  for (const auto& steering : options.steering.steer) {
    const auto behavior = fs::weakly_canonical(steering.path);
    auto report = behavior.parent_path() / "report.html";
    if (fs::is_directory(behavior) && fs::is_regular_file(report)) return report;
  }
  return {};
}

// The server calls it from one thread at a time.
class Log {
 public:
  Log(const ServeOptions& options, const Console& console)
      : console_(console), is_silent_(options.quiet && options.log_file.empty()) {
    if (options.log_file.empty()) return;
    file_.open(options.log_file, std::ios::app);
    if (!file_) throw Error(ErrorKind::io, fmt::format("{}: cannot be written", options.log_file.string()));
  }

  void add(std::string_view line) {
    if (is_silent_) return;
    if (file_.is_open()) {
      file_ << line << std::endl;  // NOLINT(performance-avoid-endl): it is to be there if the machine fails
    } else {
      console_.err(fmt::format("{}\n", line));
    }
  }

 private:
  const Console& console_;
  bool is_silent_;
  std::ofstream file_;
};

void say_that_it_listens(const Server& server, const ServeOptions& options, const Console& console) {
  const auto& keys = options.server.api_keys;
  console.err(fmt::format("w2s listens at {}\n", server.url()));
  const auto steered = options.steering.steer.empty()
                           ? std::string()
                           : fmt::format(R"(, "steering": {{"vectors": [{{"name": "{}", "scale": 1}}]}})",
                                         options.steering.steer.front().name);
  console.err(fmt::format(
      "  curl {}/v1/chat/completions -H 'Content-Type: application/json'{} -d '{{\"model\": \"{}\", "
      "\"messages\": [{{\"role\": \"user\", \"content\": \"Hello\"}}]{}}}'\n",
      server.url(), keys.empty() ? "" : " -H \"Authorization: Bearer $W2S_API_KEY\"", server.model_name(), steered));
}

void wait_for_stop(const std::stop_token& token) {
  std::mutex mutex;
  std::condition_variable_any stopped;
  std::unique_lock lock(mutex);
  stopped.wait(lock, token, [] { return false; });
}

void serve(Server& server, const ServeOptions& options, const Console& console) {
  constexpr bool quiet = true;
  const StopSignals signals(quiet);
  server.start();
  if (!options.quiet) say_that_it_listens(server, options, console);
  wait_for_stop(signals.token());
  if (!options.quiet) console.err("finishing what has begun (once more to stop at once)\n");
  server.stop();
}

}  // namespace

void serve_command(const Arguments& arguments, const Console& console) {
  ServeOptions options;
  CommandLine line(
      "serve",
      "A server for OpenAI's clients (chat, text completions, embeddings, streams), in whose requests the "
      "field \"steering\" says what to steer with: {\"vectors\": [{\"name\": \"positive\", \"scale\": 1.5, "
      "\"layer\": \"auto\"}]}. Each answer is steered in its own way, side by side with the others. "
      "Ctrl-C ends it when what has begun is finished.",
      "w2s serve -m model.gguf --steer positive=results/positive-review --port 8080");
  options.add_to(line);
  if (!line.parse(arguments, console)) return;

  auto& settings = options.server;
  settings.api_keys = keys_of(options);
  settings.report = report_of(options);
  Log log(options, console);
  settings.log = [&](std::string_view text) { log.add(text); };
  if (settings.api_keys.empty() && !is_loopback(settings.host) && !options.quiet) {
    warn(console,
         fmt::format("everyone who reaches {} may ask: name an --api-key-file, or --host 127.0.0.1", settings.host));
  }

  const auto model = Model::load(options.model, options.model_options);
  auto decoder = options.decoder;
  decoder.sequences = std::max<std::size_t>(2, decoder.sequences);
  if (decoder.context == 0)
    decoder.context = decoder.sequences * std::min(default_context_of_an_answer, model.info().training_context);
  if (!options.embedding_model.empty()) {
    settings.embedding_model = std::make_shared<EmbeddingModel>(
        options.embedding_model,
        EmbeddingModelOptions{.threads = decoder.threads, .gpu_layers = options.model_options.gpu_layers});
  }
  Server server(model, decoder, options.steering.load(model, decoder.threads, options.model_options.gpu_layers),
                settings);
  serve(server, options, console);
}

}  // namespace w2s::cli
