#include "w2s/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <map>
#include <utility>

#include "serve/completion.h"
#include "serve/engine_thread.h"
#include "serve/http_front.h"
#include "serve/metrics.h"
#include "serve/pages.h"
#include "serve/protocol/api_error.h"
#include "serve/protocol/requests.h"
#include "serve/protocol/responses.h"
#include "serve/protocol/steerings.h"
#include "serve/shared_encoder.h"
#include "w2s/base.h"
#include "w2s/generation.h"

namespace w2s {
namespace {

using serve::Call;
using serve::Clock;
using serve::Reply;

// Events of one request that its connection has not taken. A connection that takes nothing fails earlier, when the
// system's buffers are full and its time is up.
constexpr std::size_t unread_events = 4096;

std::int64_t seconds_since_1970() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

// The same embedding model may be of several predictors, and clients ask it beside the engine.
std::vector<NamedSteering> with_shared_encoders(std::vector<NamedSteering> steerings) {
  std::map<const TextEncoder*, std::shared_ptr<TextEncoder>> shared;
  for (auto& steering : steerings) {
    if (!steering.predictor || !steering.predictor->text_encoder) continue;
    auto& encoder = steering.predictor->text_encoder;
    auto& own = shared[encoder.get()];
    if (own == nullptr) own = std::make_shared<serve::SharedEncoder>(encoder);
    encoder = own;
  }
  return steerings;
}

std::shared_ptr<TextEncoder> encoder_of(const std::vector<NamedSteering>& steerings, const ServerOptions& options) {
  if (options.embedding_model) return std::make_shared<serve::SharedEncoder>(options.embedding_model);
  for (const auto& steering : steerings)
    if (steering.predictor && steering.predictor->text_encoder) return steering.predictor->text_encoder;
  return nullptr;
}

std::vector<serve::SteeringEntry> entries_of(const std::vector<NamedSteering>& steerings) {
  std::vector<serve::SteeringEntry> entries;
  for (const auto& steering : steerings) entries.push_back(serve::to_entry(steering));
  return entries;
}

void check(const ServerOptions& options) {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  if (options.port < 0 || options.port > 65535) refuse(fmt::format("port {}: use 0 to 65535", options.port));
  if (options.max_choices == 0) refuse("no choices allowed: use 1 or more");
  if (options.max_body_bytes == 0) refuse("no bytes of a body allowed: use 1 or more");
  if (options.request_timeout <= std::chrono::milliseconds(0)) refuse("no time for a request: use 1 second or more");
  if (std::ranges::any_of(options.api_keys, [](const std::string& key) { return key.empty(); }))
    refuse("an API key is empty");
}

serve::CompletionLimits limits_of(const Model& model, const GenerationEngine& engine, const DecoderOptions& decoder,
                                  const ServerOptions& options) {
  auto context = engine.context();
  if (const auto trained = model.info().training_context; trained > 0) context = std::min(context, trained);
  const auto share = std::max<std::size_t>(1, engine.context() / decoder.sequences);
  return {.context = context,
          .max_prompt_tokens = options.max_prompt_tokens > 0 ? std::min(options.max_prompt_tokens, context) : context,
          .default_max_tokens = options.default_max_tokens > 0 ? options.default_max_tokens : share,
          .timeout = options.request_timeout};
}

}  // namespace

struct Server::State {
  State(Model own_model, const DecoderOptions& decoder, std::vector<NamedSteering> steerings, ServerOptions own_options)
      : options(std::move(own_options)),
        model(std::move(own_model)),
        entries(entries_of(steerings)),
        most_in_flight(decoder.sequences + options.max_queued),
        front(options, metrics) {
    check(options);
    auto shared = with_shared_encoders(std::move(steerings));
    encoder = encoder_of(shared, options);
    if (options.model_name.empty()) options.model_name = model.path().stem().string();
    settings.limits.choices = std::min(options.max_choices, most_in_flight);
    settings.limits.text_bytes = options.max_body_bytes;
    GenerationEngine generation(Decoder(model, decoder), std::move(shared));
    limits = limits_of(model, generation, decoder, options);
    engine = std::make_unique<serve::EngineThread>(std::move(generation), most_in_flight, unread_events);
    add_routes();
  }

  void add_routes();
  Reply chat(const Call& call);
  Reply text(const Call& call);
  Reply complete(serve::CompletionKind kind, std::vector<serve::ReadPrompt> prompts,
                 const serve::CompletionOptions& wanted, const Call& call);
  Reply embeddings(const Call& call);
  [[nodiscard]] Reply health() const;
  [[nodiscard]] std::vector<serve::ModelEntry> models() const;
  [[nodiscard]] Reply one_model(const std::string& id) const;
  void check_model(const std::string& name) const;

  ServerOptions options;
  Model model;
  std::vector<serve::SteeringEntry> entries;
  std::size_t most_in_flight;
  serve::RequestSettings settings;
  serve::CompletionLimits limits;
  std::shared_ptr<TextEncoder> encoder;  // of /v1/embeddings; may be absent
  std::int64_t created = seconds_since_1970();
  serve::Metrics metrics;
  std::unique_ptr<serve::EngineThread> engine;
  serve::HttpFront front;  // ends before what its handlers use
};

void Server::State::add_routes() {
  const auto get = [&](const std::string& path, auto reply, bool is_open = false) {
    front.add({.method = "GET", .path = path, .handler = std::move(reply), .is_open = is_open});
  };
  const auto post = [&](const std::string& path, serve::Handler handler) {
    front.add({.method = "POST", .path = path, .handler = std::move(handler)});
  };
  constexpr bool is_open = true;
  post("/v1/chat/completions", [this](const Call& call) { return chat(call); });
  post("/v1/completions", [this](const Call& call) { return text(call); });
  post("/v1/embeddings", [this](const Call& call) { return embeddings(call); });
  get("/v1/models", [this](const Call&) { return Reply{.body = serve::models_json(models())}; });
  get("/v1/models/:model", [this](const Call& call) { return one_model(call.parameter); });
  get("/v1/steering/vectors", [this](const Call&) { return Reply{.body = serve::steerings_json(entries)}; });
  get("/metrics", [this](const Call&) {
    return Reply{.body = metrics.text({.running = engine->running(), .queued = engine->queued()}),
                 .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  });
  get("/health", [this](const Call&) { return health(); }, is_open);
  const auto chat_page = [this](const Call&) {
    std::error_code ignored;
    return serve::chat_page({.needs_key = !options.api_keys.empty(),
                             .has_report = std::filesystem::is_regular_file(options.report, ignored)});
  };
  get("/", chat_page, is_open);
  get("/report", [this](const Call&) { return serve::report_page(options.report); });
}

Reply Server::State::health() const {
  if (!engine->is_alive()) throw serve::unavailable("the engine has failed: start the server again");
  return {.body = R"({"status":"ok"})"};
}

std::vector<serve::ModelEntry> Server::State::models() const {
  std::vector<serve::ModelEntry> list = {{.id = options.model_name, .created = created}};
  if (encoder) list.push_back({.id = encoder->name(), .created = created});
  return list;
}

Reply Server::State::one_model(const std::string& id) const {
  const auto list = models();
  const auto found = std::ranges::find(list, id, &serve::ModelEntry::id);
  if (found == list.end()) throw serve::unknown_model(id);
  return {.body = serve::model_json(*found)};
}

void Server::State::check_model(const std::string& name) const {
  if (!name.empty() && name != options.model_name) throw serve::unknown_model(name);
}

Reply Server::State::chat(const Call& call) {
  const auto request = serve::parse_chat_request(call.body, settings);
  check_model(request.options.model);
  serve::check_steering(request.options.steering, entries);
  return complete(serve::CompletionKind::chat, {serve::read_prompt(model, request.messages)}, request.options, call);
}

Reply Server::State::text(const Call& call) {
  const auto request = serve::parse_text_request(call.body, settings);
  check_model(request.options.model);
  serve::check_steering(request.options.steering, entries);
  std::vector<serve::ReadPrompt> prompts;
  for (const auto& prompt : request.prompts) prompts.push_back(serve::read_prompt(model, prompt));
  return complete(serve::CompletionKind::text, std::move(prompts), request.options, call);
}

Reply Server::State::complete(serve::CompletionKind kind, std::vector<serve::ReadPrompt> prompts,
                              const serve::CompletionOptions& wanted, const Call& call) {
  auto& record = call.record;
  if (options.log_prompts)
    for (const auto& prompt : prompts) record.completion.prompts.push_back(model.text(prompt.tokens));
  const serve::CompletionHead head{.kind = kind,
                                   .id = serve::make_completion_id(kind),
                                   .created = seconds_since_1970(),
                                   .model = options.model_name};
  const auto completion = std::make_shared<serve::Completion>(
      model, *engine, metrics, limits,
      serve::CompletionOrder{.head = head, .prompts = std::move(prompts), .options = wanted}, record,
      call.is_client_gone);
  const auto note_answers = [this, completion, &record] {
    if (options.log_prompts) record.completion.answers = completion->texts();
  };
  completion->wait_for_beginning();
  if (!wanted.stream) {
    auto body = completion->whole();
    note_answers();
    return {.body = std::move(body)};
  }
  return {.content_type = "text/event-stream", .stream = [completion, note_answers](const serve::Write& write) {
            auto last = completion->stream(write);
            note_answers();
            return last;
          }};
}

Reply Server::State::embeddings(const Call& call) {
  const auto request = serve::parse_embeddings_request(call.body, settings);
  if (!encoder) {
    throw serve::not_found("this server has no embedding model: start it with --embedding-model FILE.gguf", "model",
                           "model_not_found");
  }
  if (!request.model.empty() && request.model != encoder->name()) throw serve::unknown_model(request.model);
  std::vector<std::string> texts;
  for (const auto& input : request.inputs) {
    if (!std::holds_alternative<std::string>(input))
      throw serve::unsupported("tokens cannot be embedded: send the text", "input");
    texts.push_back(std::get<std::string>(input));
  }
  serve::check_dimensions(request, encoder->width());
  std::vector<std::vector<float>> all;
  for (const auto& input : texts) {  // one by one, so that predictors that need the model do not wait for all of them
    if (call.is_client_gone()) throw serve::ClientGone{};
    all.push_back(encoder->encode({&input, 1}, {}).front());
  }
  return {.body = serve::embeddings_json(encoder->name(), all, request.base64, 0)};
}

Server::Server(const Model& model, const DecoderOptions& decoder, std::vector<NamedSteering> steerings,
               ServerOptions options)
    : state_(std::make_unique<State>(model, decoder, std::move(steerings), std::move(options))) {}

Server::~Server() { stop_now(); }

void Server::start() { state_->front.start(state_->most_in_flight); }

int Server::port() const { return state_->front.port(); }

std::string Server::url() const {
  const auto& host = state_->options.host;
  const bool is_ipv6 = host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}", is_ipv6 ? "[" : "", host, is_ipv6 ? "]" : "", port());
}

const std::string& Server::model_name() const { return state_->options.model_name; }

void Server::stop() { state_->front.stop(); }

void Server::stop_now() {
  state_->front.drain();
  state_->engine->end();
  stop();
}

bool is_loopback(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host == "localhost") return true;
  const std::string address(host);
  in_addr ipv4{};
  if (::inet_pton(AF_INET, address.c_str(), &ipv4) == 1) return ntohl(ipv4.s_addr) >> 24U == IN_LOOPBACKNET;
  in6_addr ipv6{};
  return ::inet_pton(AF_INET6, address.c_str(), &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6);
}

}  // namespace w2s
