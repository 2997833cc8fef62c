// HTTP: connections, routes, keys and limits; who calls with what, and how it is answered, without what it means.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "serve/api_keys.h"
#include "serve/metrics.h"
#include "serve/request_record.h"
#include "w2s/server.h"

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace w2s::serve {

/// Thrown where nobody waits for the answer any more.
struct ClientGone {};

struct Call {
  const std::string& body;
  const std::string& parameter;  ///< what stands in the path for ":name"
  RequestRecord& record;
  std::function<bool()> is_client_gone;
};

/// Writes to the client, as soon as possible. Throws ClientGone.
using Write = std::function<void(std::string_view)>;

struct Reply {
  std::string body = {};
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< further ones
  /// Instead of a body: writes all but the last bytes and returns those.
  std::function<std::string(const Write&)> stream = {};
};

/// May throw ApiError, Error and ClientGone.
using Handler = std::function<Reply(const Call&)>;

struct Route {
  std::string method;  ///< "GET", which answers HEAD as well, or "POST", which takes JSON
  std::string path;    ///< may end with "/:name"
  Handler handler;
  bool is_open = false;  ///< needs no key
};

class HttpFront {
 public:
  /// Refers to both.
  HttpFront(const ServerOptions& options, Metrics& metrics);
  ~HttpFront();
  HttpFront(const HttpFront&) = delete;
  HttpFront& operator=(const HttpFront&) = delete;

  /// Before start().
  void add(Route route);
  /// `most_in_flight`: requests that are worked on at once. Throws Error{network}.
  void start(std::size_t most_in_flight);
  [[nodiscard]] int port() const { return port_; }
  /// Refuses what comes from now on.
  void drain();
  /// The same, and returns when everything that has begun is answered.
  void stop();

 private:
  struct Exchange;
  using ExchangePointer = std::shared_ptr<Exchange>;
  using PathMethods = std::pair<const std::string, std::set<std::string>>;

  void set_limits(std::size_t most_in_flight);
  void set_handlers();
  [[nodiscard]] ExchangePointer begin(const httplib::Request& request, httplib::Response& response);
  [[nodiscard]] bool answers_at_once(const httplib::Request& request, httplib::Response& response);
  void check(const httplib::Request& request, const Exchange& exchange) const;
  void allow_origin(const httplib::Request& request, httplib::Response& response) const;
  void answer(const Route& route, const httplib::Request& request, httplib::Response& response);
  void answer_streamed(const ExchangePointer& exchange, Reply reply, httplib::Response& response);
  void explain(const httplib::Request& request, httplib::Response& response) const;
  void finish(Exchange& exchange, int status);
  [[nodiscard]] const PathMethods* find(const std::string& path) const;
  [[nodiscard]] bool is_draining() const;
  void enter(Exchange& exchange);
  void leave();

  const ServerOptions& options_;
  Metrics& metrics_;
  ApiKeys keys_;
  std::map<std::string, std::set<std::string>> methods_;  // by path
  std::set<std::string> open_paths_;
  std::unique_ptr<httplib::Server> http_;
  int port_ = 0;
  std::thread listener_;
  std::mutex stopping_;
  std::mutex log_mutex_;

  mutable std::mutex mutex_;  // of the three below
  std::condition_variable left_;
  std::size_t inside_ = 0;  // requests that are worked on, until their response is written
  bool is_draining_ = false;
};

}  // namespace w2s::serve
