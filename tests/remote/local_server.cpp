#include "remote/local_server.h"

#include <httplib.h>

#include <utility>

namespace w2s::test {

LocalServer::LocalServer(const std::string& path, Answer answer) : server_(std::make_unique<httplib::Server>()) {
  server_->Post(path, std::move(answer));
  port_ = server_->bind_to_any_port("127.0.0.1");
  thread_ = std::thread([this] { server_->listen_after_bind(); });
  while (!server_->is_running()) std::this_thread::yield();  // stop() does nothing before
}

LocalServer::~LocalServer() {
  server_->stop();
  thread_.join();
}

std::string LocalServer::base_url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1"; }

}  // namespace w2s::test
