#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string>
#include <vector>

#include "cli/commands.h"
#include "cli/generation_options.h"
#include "cli/options.h"
#include "cli/stop_signals.h"
#include "w2s/embedding_model.h"
#include "w2s/error.h"
#include "w2s/file.h"
#include "w2s/server.h"

namespace w2s::cli {
namespace {

constexpr std::size_t default_context_of_an_answer = 2048;
constexpr auto largest_count = 1 << 30;

struct ServeOptions {
  ModelArguments model;
  SteeringArguments steering;
  GeneralOptions general;
  ServerOptions server;
  std::size_t parallel = 4;
  std::filesystem::path embedding_model;
  std::vector<std::string> api_keys;
  std::filesystem::path api_key_file;
  std::size_t max_body_megabytes = 4;
  int timeout = 600;
  std::filesystem::path report;
  std::filesystem::path log_file;

  void add_to(CommandLine& line) {
    model.add_to(line);
    line.add_option("-a,--alias", server.model_name, "What clients call the model")
        ->default_str("its file's name")
        ->type_name("NAME")
        ->group("Model");
    line.add_path("--embedding-model", embedding_model,
                  "Embedding model of /v1/embeddings; without it, that of a predictor that sees prompts through one")
        ->type_name("FILE.gguf")
        ->group("Model");
    steering.add_sources_to(line);
    line.add_path("--report", report, "Page of w2s report that the chat links to")
        ->default_str("report.html in the results folder of a --steer")
        ->type_name("FILE.html")
        ->group("Steering");
    add_network_to(line);
    add_limits_to(line);
    line.add_path("--log-file", log_file, "Where to append a line of JSON for each request, instead of standard error")
        ->type_name("FILE")
        ->group("Log");
    line.add_flag("--log-prompts", server.log_prompts, "Log what is asked and answered as well")->group("Log");
    general.add_threads_to(line);
    general.add_quiet_to(line);
  }

  void add_network_to(CommandLine& line) {
    constexpr const char* group = "Network";
    line.add_option("--host", server.host, "Address to listen at; 0.0.0.0 or :: for all")
        ->type_name("HOST")
        ->group(group);
    line.add_option("--port", server.port, "Port to listen at; 0: any that is free")
        ->check(CLI::Range(0, 65535))
        ->type_name("N")
        ->group(group);
    line.add_option("--api-key", api_keys,
                    "Key that requests must show (may be repeated); better in W2S_API_KEY or a file, because other "
                    "users of this machine can see command lines")
        ->delimiter(',')
        ->allow_extra_args(false)
        ->type_name("KEY")
        ->group(group);
    line.add_path("--api-key-file", api_key_file, "File of such keys, one a line")->type_name("FILE")->group(group);
    line.add_option("--cors-origin", server.cors_origins,
                    "Web pages of this origin may ask, for instance https://chat.example (may be repeated; *: all)")
        ->allow_extra_args(false)
        ->type_name("ORIGIN")
        ->group(group);
  }

  void add_limits_to(CommandLine& line) {
    constexpr const char* group = "Limits";
    const auto add = [&](const std::string& name, auto& value, int least, const std::string& help) {
      return line.add_option(name, value, help)->check(CLI::Range(least, largest_count))->type_name("N")->group(group);
    };
    line.add_option(
            "--parallel", parallel,
            "Answers generated at once, short -np, 2 at least; they share the context, by default 2048 tokens for each")
        ->check(CLI::Range(1, 256))
        ->type_name("N")
        ->group(group);
    add("-n,--predict", server.default_max_tokens, 0,
        "Tokens of an answer at most where a request does not say; 0: its share of the context");
    add("--max-prompt", server.max_prompt_tokens, 0, "Tokens of a prompt at most; 0: what the context has room for");
    add("--max-choices", server.max_choices, 1, "Answers to one request at most");
    add("--max-queue", server.max_queued, 0, "Answers that may wait; further requests are told to come again (429)");
    add("--max-body", max_body_megabytes, 1, "Megabytes of a request at most");
    line.add_option("--timeout", timeout, "Seconds in which a request must be answered, short -to")
        ->check(CLI::Range(1, largest_count))
        ->type_name("N")
        ->group(group);
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
  auto keys = options.api_keys;
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
  if (!options.report.empty()) {
    if (fs::is_regular_file(options.report)) return options.report;
    throw Error(ErrorKind::usage, fmt::format("{}: no such file; 'w2s report' makes it", options.report.string()));
  }
  for (const auto& text : options.steering.steer) {
    const auto behavior = fs::weakly_canonical(parse_steering_path(text).path);
    auto report = behavior.parent_path() / "report.html";
    if (fs::is_directory(behavior) && fs::is_regular_file(report)) return report;
  }
  return {};
}

// The server calls it from one thread at a time.
class Log {
 public:
  Log(const ServeOptions& options, const Console& console)
      : console_(console), is_silent_(options.general.quiet && options.log_file.empty()) {
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
                                         parse_steering_path(options.steering.steer.front()).name);
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
  if (!options.general.quiet) say_that_it_listens(server, options, console);
  wait_for_stop(signals.token());
  if (!options.general.quiet) console.err("finishing what has begun (once more to stop at once)\n");
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
  settings.max_body_bytes = options.max_body_megabytes << 20U;
  settings.report = report_of(options);
  settings.request_timeout = std::chrono::seconds(options.timeout);
  Log log(options, console);
  settings.log = [&](std::string_view text) { log.add(text); };
  if (settings.api_keys.empty() && !is_loopback(settings.host) && !options.general.quiet) {
    warn(console,
         fmt::format("everyone who reaches {} may ask: name an --api-key-file, or --host 127.0.0.1", settings.host));
  }

  const auto model = Model::load(options.model.model, options.model.model_options());
  auto decoder = options.model.decoder_options(options.general.threads);
  decoder.sequences = std::max<std::size_t>(2, options.parallel);
  if (decoder.context == 0)
    decoder.context = decoder.sequences * std::min(default_context_of_an_answer, model.info().training_context);
  if (!options.embedding_model.empty()) {
    settings.embedding_model = std::make_shared<EmbeddingModel>(
        options.embedding_model,
        EmbeddingModelOptions{.threads = options.general.threads, .gpu_layers = options.model.gpu_layers});
  }
  Server server(model, decoder, options.steering.load(model, options.general.threads, options.model.gpu_layers),
                settings);
  serve(server, options, console);
}

}  // namespace w2s::cli
