#include "serve/http_front.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <utility>

#include "serve/protocol/api_error.h"
#include "serve/protocol/responses.h"
#include "w2s/base.h"

namespace w2s::serve {
namespace {

constexpr const char* exchange_key = "exchange";
constexpr const char* other_path = "other";  // the metrics' name for what is no route
constexpr int no_content = 204;
constexpr int client_closed_request = 499;  // nginx's: no response was sent
constexpr std::size_t most_waiting_connections = 256;

void set_error(httplib::Response& response, const ApiError& error) {
  constexpr const char* seconds_to_wait = "1";
  response.status = error.status();
  response.set_content(to_json(error), "application/json");
  if (error.status() == 429 || error.status() == 503) response.set_header("Retry-After", seconds_to_wait);
  if (error.status() == 401) response.set_header("WWW-Authenticate", "Bearer");
}

std::string name_of(const ApiError& error) { return error.code().empty() ? error.type() : error.code(); }

/// In the words of the protocol, whatever was thrown.
ApiError current_error() {
  try {
    throw;
  } catch (const ApiError& error) {
    return error;
  } catch (const Error& error) {
    return to_api_error(error);
  } catch (const std::exception&) {  // a library's own words, which are not for clients
    return internal_error("the server failed");
  }
}

std::string host_of(const httplib::Request& request) {
  auto host = request.get_header_value("Host");
  const auto end_of_address = host.rfind(']');
  const auto colon = host.rfind(':');
  if (colon != std::string::npos && (end_of_address == std::string::npos || colon > end_of_address)) host.resize(colon);
  return host;
}

bool is_json(const httplib::Request& request) {
  constexpr std::string_view json = "application/json";
  const auto type = request.get_header_value("Content-Type");
  const auto is_same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return type.size() >= json.size() && std::ranges::equal(type.substr(0, json.size()), json, is_same) &&
         (type.size() == json.size() || type[json.size()] == ';' || type[json.size()] == ' ');
}

std::string joined(const std::set<std::string>& methods) { return fmt::format("{}", fmt::join(methods, ", ")); }

}  // namespace

/// A request and its response, until that is written.
struct HttpFront::Exchange {
  RequestRecord record;
  std::string route = other_path;
  bool is_finished = false;
  HttpFront* inside = nullptr;

  ~Exchange() {
    if (inside != nullptr) inside->leave();
  }
};

HttpFront::HttpFront(const ServerOptions& options, Metrics& metrics)
    : options_(options), metrics_(metrics), keys_(options.api_keys), http_(std::make_unique<httplib::Server>()) {
  set_handlers();
}

HttpFront::~HttpFront() { stop(); }

void HttpFront::add(Route route) {
  const auto path = route.path;
  auto& methods = methods_[path];
  methods.insert({route.method, "OPTIONS"});
  if (route.is_open) open_paths_.insert(path);
  const bool is_get = route.method == "GET";
  if (is_get) methods.insert("HEAD");
  const auto handler = [this, own = std::move(route)](const httplib::Request& request, httplib::Response& response) {
    answer(own, request, response);
  };
  is_get ? http_->Get(path, handler) : http_->Post(path, handler);
}

void HttpFront::set_limits(std::size_t most_in_flight) {
  const auto threads = most_in_flight + options_.connections_to_spare;
  http_->new_task_queue = [threads]() -> httplib::TaskQueue* {
    constexpr std::size_t no_more = 0;
    return new httplib::ThreadPool(threads, no_more, most_waiting_connections);  // the server's to delete
  };
  http_->set_payload_max_length(options_.max_body_bytes);
  http_->set_read_timeout(options_.connection_timeout);
  http_->set_write_timeout(options_.connection_timeout);
  http_->set_keep_alive_timeout(options_.keep_alive_timeout.count());
  http_->set_tcp_nodelay(true);  // tokens are small
  // The default lets a second server listen at the same port.
  http_->set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
  });
}

void HttpFront::set_handlers() {
  using Outcome = httplib::Server::HandlerResponse;
  http_->set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
    return answers_at_once(request, response) ? Outcome::Handled : Outcome::Unhandled;
  });
  http_->set_error_handler([this](const httplib::Request& request, httplib::Response& response) {
    if (response.body.empty()) explain(request, response);
    return Outcome::Handled;
  });
  // Called when a response is about to be written, so that whoever has read it finds it counted.
  http_->set_logger([this](const httplib::Request& request, const httplib::Response& response) {
    const auto* exchange = response.user_data.get<ExchangePointer>(exchange_key);
    if (exchange == nullptr) {  // it was no HTTP
      Exchange own;
      own.record.remote = request.remote_addr;
      finish(own, response.status);
    } else if (!response.content_provider_) {
      finish(**exchange, response.status);
    }
  });
}

void HttpFront::start(std::size_t most_in_flight) {
  set_limits(most_in_flight);
  port_ = options_.port;
  if (port_ == 0) port_ = http_->bind_to_any_port(options_.host);
  const bool is_bound = options_.port == 0 ? port_ > 0 : http_->bind_to_port(options_.host, port_);
  if (!is_bound) {
    throw Error(ErrorKind::network,
                fmt::format("cannot listen at {} port {}: it is taken, or no address of this machine", options_.host,
                            options_.port));
  }
  listener_ = std::thread([this] { http_->listen_after_bind(); });
  http_->wait_until_ready();
}

void HttpFront::drain() {
  const std::lock_guard lock(mutex_);
  is_draining_ = true;
}

void HttpFront::stop() {
  drain();
  const std::lock_guard only_one(stopping_);
  {
    std::unique_lock lock(mutex_);
    left_.wait(lock, [&] { return inside_ == 0; });
  }
  http_->stop();  // ends streams that have not begun to be written: there are none
  if (listener_.joinable()) listener_.join();
}

bool HttpFront::is_draining() const {
  const std::lock_guard lock(mutex_);
  return is_draining_;
}

void HttpFront::enter(Exchange& exchange) {
  const std::lock_guard lock(mutex_);
  if (is_draining_) throw unavailable("the server is shutting down");
  ++inside_;
  exchange.inside = this;
}

void HttpFront::leave() {
  const std::lock_guard lock(mutex_);
  --inside_;
  left_.notify_all();
}

const HttpFront::PathMethods* HttpFront::find(const std::string& path) const {
  auto found = methods_.find(path);
  if (found == methods_.end()) {
    const auto with_parameter = path.substr(0, path.rfind('/') + 1) + ":";
    found = methods_.lower_bound(with_parameter);
    if (found == methods_.end() || !found->first.starts_with(with_parameter)) return nullptr;
  }
  return &*found;
}

HttpFront::ExchangePointer HttpFront::begin(const httplib::Request& request, httplib::Response& response) {
  auto exchange = std::make_shared<Exchange>();
  auto& record = exchange->record;
  record.id = make_request_id();
  record.method = request.method;
  record.path = request.path;
  record.remote = request.remote_addr;
  if (const auto* known = find(request.path)) exchange->route = known->first;
  response.user_data.set(exchange_key, exchange);
  response.set_header("X-Request-Id", record.id);
  allow_origin(request, response);
  return exchange;
}

void HttpFront::allow_origin(const httplib::Request& request, httplib::Response& response) const {
  const auto origin = request.get_header_value("Origin");
  const auto is_allowed = [&](const std::string& allowed) { return allowed == "*" || allowed == origin; };
  if (origin.empty() || std::ranges::none_of(options_.cors_origins, is_allowed)) return;
  response.set_header("Access-Control-Allow-Origin", origin);
  response.set_header("Vary", "Origin");
  if (request.method != "OPTIONS") return;
  response.set_header("Access-Control-Allow-Methods", "GET, POST");
  response.set_header("Access-Control-Allow-Headers", "Authorization, Content-Type");
  response.set_header("Access-Control-Max-Age", "600");
}

// What needs no body.
bool HttpFront::answers_at_once(const httplib::Request& request, httplib::Response& response) {
  const auto exchange = begin(request, response);
  try {
    check(request, *exchange);
  } catch (...) {
    const auto error = current_error();
    exchange->record.error = name_of(error);
    set_error(response, error);
    return true;
  }
  const auto* known = find(request.path);
  if (request.method != "OPTIONS" || known == nullptr) return false;
  response.status = no_content;
  response.set_header("Allow", joined(known->second));
  return true;
}

void HttpFront::check(const httplib::Request& request, const Exchange& exchange) const {
  if (is_draining()) throw unavailable("the server is shutting down");
  // A page of another site whose name was made to point here would be of the same origin as ours.
  const auto host = host_of(request);
  const bool trusts_everyone = keys_.empty() && options_.cors_origins.empty() && is_loopback(options_.host);
  if (trusts_everyone && !host.empty() && !is_loopback(host)) {
    throw ApiError("this server answers programs of its own machine: ask for it as localhost",
                   {.status = 403, .type = "invalid_request_error", .param = {}, .code = "host_not_allowed"});
  }
  const bool needs_key = !keys_.empty() && request.method != "OPTIONS" && !open_paths_.contains(request.path);
  if (needs_key && !keys_.accept(request.get_header_value("Authorization"))) throw invalid_api_key();
  // Whatever else it is called could be sent from any page without asking.
  if (exchange.record.method == "POST" && find(request.path) != nullptr && !is_json(request)) {
    throw ApiError("send JSON, with the header Content-Type: application/json",
                   {.status = 415, .type = "invalid_request_error", .param = {}, .code = "unsupported_media_type"});
  }
}

void HttpFront::answer(const Route& route, const httplib::Request& request, httplib::Response& response) {
  const auto exchange = *response.user_data.get<ExchangePointer>(exchange_key);
  auto& record = exchange->record;
  try {
    if (route.method == "POST") enter(*exchange);
    const auto parameter = request.path_params.empty() ? std::string() : request.path_params.begin()->second;
    auto reply = route.handler({.body = request.body,
                                .parameter = parameter,
                                .record = record,
                                .is_client_gone = request.is_connection_closed});
    response.status = httplib::StatusCode::OK_200;
    for (const auto& [name, value] : reply.headers) response.set_header(name, value);
    if (reply.stream) {
      answer_streamed(exchange, std::move(reply), response);
    } else {
      response.set_content(std::move(reply.body), reply.content_type);
    }
  } catch (const ClientGone&) {
    record.error = "client_gone";
    response.status = client_closed_request;
    response.set_header("Connection", "close");
  } catch (...) {
    const auto error = current_error();
    record.error = name_of(error);
    set_error(response, error);
  }
}

// In one call of the provider, because between two httplib ends streams when it is stopped.
void HttpFront::answer_streamed(const ExchangePointer& exchange, Reply reply, httplib::Response& response) {
  response.set_header("Cache-Control", "no-cache");
  const auto write_all = [this, exchange, stream = std::move(reply.stream)](std::size_t, httplib::DataSink& sink) {
    const Write write = [&](std::string_view bytes) {
      if (!sink.write(bytes.data(), bytes.size())) throw ClientGone{};
    };
    try {
      const auto last = stream(write);
      finish(*exchange, httplib::StatusCode::OK_200);
      write(last);
      sink.done();
      return true;
    } catch (const ClientGone&) {
      exchange->record.error = "client_gone";
    } catch (...) {
      exchange->record.error = name_of(current_error());
    }
    finish(*exchange, httplib::StatusCode::OK_200);
    return false;
  };
  response.set_chunked_content_provider(reply.content_type, write_all);
}

// Refused by httplib, which sets only the status.
void HttpFront::explain(const httplib::Request& request, httplib::Response& response) const {
  const auto* known = find(request.path);
  auto error = invalid_request("this is no HTTP request that can be answered");
  if (response.status == client_closed_request) return;
  if (response.status == httplib::StatusCode::PayloadTooLarge_413) {
    error = body_too_large(options_.max_body_bytes);
  } else if (response.status == httplib::StatusCode::NotFound_404 && known != nullptr) {
    error = method_not_allowed(request.method, request.path);
    response.set_header("Allow", joined(known->second));
  } else if (response.status == httplib::StatusCode::NotFound_404) {
    error = unknown_path(request.path);
  } else if (response.status >= httplib::StatusCode::InternalServerError_500) {
    error = internal_error("the server failed");
  } else if (response.status != httplib::StatusCode::BadRequest_400) {
    error = ApiError("this HTTP request cannot be answered",
                     {.status = response.status, .type = "invalid_request_error", .param = {}, .code = {}});
  }
  set_error(response, error);
  if (auto* exchange = response.user_data.get<ExchangePointer>(exchange_key))
    (*exchange)->record.error = name_of(error);
}

void HttpFront::finish(Exchange& exchange, int status) {
  if (std::exchange(exchange.is_finished, true)) return;
  auto& record = exchange.record;
  record.status = status;
  metrics_.add_request(exchange.route, status, record.seconds());
  if (!options_.log) return;
  const auto line = to_json_line(record, std::chrono::system_clock::now());
  const std::lock_guard lock(log_mutex_);
  options_.log(line);
}

}  // namespace w2s::serve
