// A server of a test's own with a tiny model, and a client of it.
#pragma once

#include <gtest/gtest.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "generate/generations.h"
#include "support/tiny_model.h"
#include "w2s/server.h"

namespace w2s::test {

using nlohmann::json;

/// Takes longer to fill than a test waits.
inline constexpr std::size_t long_context = 65536;

/// One whose answers go on for as long as they are let.
[[nodiscard]] inline TinyModelShape long_winded() {
  auto shape = tiny_llama();
  shape.context = long_context;
  return shape;
}

/// Waits until something is so, for a while: a guard against waiting for ever.
[[nodiscard]] inline bool eventually(const std::function<bool()>& is_so) {
  for (int i = 0; i < 3000; ++i) {
    if (is_so()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  return false;
}

/// The lines of a log, from any thread.
class LogLines {
 public:
  void add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
  }
  [[nodiscard]] std::vector<std::string> all() const {
    const std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

class RunningServer {
 public:
  explicit RunningServer(const LoadedTinyModel& model, ServerOptions options = {},
                         const DecoderOptions& decoder = roomy, std::vector<NamedSteering> steerings = {}) {
    options.port = 0;
    options.model_name = "tiny";
    options.log = [this](std::string_view line) { log_.add(line); };
    server_ = std::make_unique<Server>(model.model(), decoder, std::move(steerings), std::move(options));
    server_->start();
  }

  [[nodiscard]] Server& server() { return *server_; }
  [[nodiscard]] httplib::Client client() const {
    httplib::Client client("127.0.0.1", server_->port());
    client.set_read_timeout(std::chrono::minutes(2));
    return client;
  }
  [[nodiscard]] httplib::Result get(const std::string& path) const { return client().Get(path); }
  [[nodiscard]] httplib::Result post(const std::string& path, const json& body) const {
    return client().Post(path, body.dump(), "application/json");
  }
  /// The JSON of an answer that is expected to be one.
  [[nodiscard]] json ask(const std::string& path, const json& body) const {
    const auto result = post(path, body);
    if (!result) throw std::runtime_error(httplib::to_string(result.error()));
    EXPECT_EQ(result->status, 200) << result->body;
    return json::parse(result->body);
  }
  /// A number of /metrics, by the whole name with its labels; 0 where it is not there.
  [[nodiscard]] double metric(const std::string& name) const {
    const auto result = get("/metrics");
    const auto line = "\n" + name + " ";
    const auto found = result->body.find(line);
    return found == std::string::npos ? 0 : std::stod(result->body.substr(found + line.size()));
  }
  [[nodiscard]] std::vector<json> log() const {
    std::vector<json> lines;
    for (const auto& line : log_.all()) lines.push_back(json::parse(line));
    return lines;
  }
  [[nodiscard]] std::string log_text() const {
    std::string text;
    for (const auto& line : log_.all()) text += line + "\n";
    return text;
  }

 private:
  LogLines log_;
  std::unique_ptr<Server> server_;
};

/// The data of server-sent events.
[[nodiscard]] inline std::vector<std::string> events_of(const std::string& stream) {
  std::vector<std::string> events;
  std::size_t begin = 0;
  for (auto end = stream.find("\n\n"); end != std::string::npos; end = stream.find("\n\n", begin)) {
    const auto event = stream.substr(begin, end - begin);
    EXPECT_TRUE(event.starts_with("data: ")) << event;
    events.push_back(event.substr(6));
    begin = end + 2;
  }
  EXPECT_EQ(begin, stream.size());
  return events;
}

/// A stream that is read by a thread of its own, and can be left.
class OpenStream {
 public:
  OpenStream(const RunningServer& server, const std::string& path, json body) {
    body["stream"] = true;
    thread_ = std::thread([this, client = std::make_shared<httplib::Client>(server.client()), path, body] {
      const auto take = [this](const char* data, std::size_t size) {
        const std::lock_guard lock(mutex_);
        text_.append(data, size);
        return !is_left_;
      };
      const httplib::Headers none;
      const auto result = client->Post(path, none, body.dump(), "application/json", take);
      const std::lock_guard lock(mutex_);
      status_ = result ? result->status : -1;
    });
  }
  ~OpenStream() {
    if (thread_.joinable()) thread_.join();
  }
  OpenStream(const OpenStream&) = delete;
  OpenStream& operator=(const OpenStream&) = delete;

  [[nodiscard]] std::string text() const {
    const std::lock_guard lock(mutex_);
    return text_;
  }
  [[nodiscard]] bool has_begun() const { return !text().empty(); }
  /// Closes the connection.
  void leave() {
    {
      const std::lock_guard lock(mutex_);
      is_left_ = true;
    }
    thread_.join();
  }
  /// Returns the whole stream, when it has ended.
  std::string wait() {
    thread_.join();
    return text();
  }
  [[nodiscard]] int status() const {
    const std::lock_guard lock(mutex_);
    return status_;
  }

 private:
  mutable std::mutex mutex_;
  std::string text_;
  int status_ = 0;
  bool is_left_ = false;
  std::thread thread_;
};

}  // namespace w2s::test
