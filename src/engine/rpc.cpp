#include "w2s/model.h"

#include <fmt/format.h>
#include <ggml-backend.h>
#include <ggml-rpc.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

#include "base/parallel.h"
#include "engine/backend.h"
#include "w2s/base.h"

namespace w2s {
namespace {

constexpr int connection_timeout_ms = 5000;

struct Endpoint {
  std::string host;
  std::string port;
};

Endpoint parse_endpoint(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  const char* const end = text.data() + text.size();
  const char* const digits = colon == std::string::npos ? end : text.data() + colon + 1;
  const auto [rest, error] = std::from_chars(digits, end, port);
  if (colon == std::string::npos || colon == 0 || error != std::errc() || rest != end || port == 0 || port > 65535)
    throw Error(ErrorKind::usage, fmt::format("'{}' is no RPC server: give HOST:PORT", text));
  return {text.substr(0, colon), text.substr(colon + 1)};
}

class Socket {
 public:
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// 0, or why there is no connection.
int connection_error(const addrinfo& address) {
  const Socket socket(::socket(address.ai_family, address.ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd waiting{.fd = socket.get(), .events = POLLOUT, .revents = 0};
  if (::poll(&waiting, 1, connection_timeout_ms) != 1) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  return ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error, &size) == 0 ? error : errno;
}

// llama.cpp ends the process where it cannot connect.
void check_answers(const std::string& server) {
  const auto endpoint = parse_endpoint(server);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failure = ::getaddrinfo(endpoint.host.c_str(), endpoint.port.c_str(), &hints, &found); failure != 0)
    throw Error(ErrorKind::network, fmt::format("RPC server {}: {}", server, ::gai_strerror(failure)));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses(found, &::freeaddrinfo);
  int error = 0;
  for (const auto* address = found; address != nullptr; address = address->ai_next)
    if (error = connection_error(*address); error == 0) return;
  throw Error(ErrorKind::network, fmt::format("RPC server {} does not answer: {}", server, std::strerror(error)));
}

bool is_added(const std::string& server) {
  return ggml_backend_reg_by_name(fmt::format("RPC[{}]", server).c_str()) != nullptr;
}

std::vector<ggml_backend_dev_t> devices_of_type(enum ggml_backend_dev_type type) {
  std::vector<ggml_backend_dev_t> devices;
  for (std::size_t i = 0; i < ggml_backend_dev_count(); ++i)
    if (auto* device = ggml_backend_dev_get(i); ggml_backend_dev_type(device) == type) devices.push_back(device);
  return devices;
}

}  // namespace

void add_rpc_servers(std::span<const std::string> servers) {
  engine::initialize_backend();
  for (const auto& server : servers) {
    if (is_added(server)) continue;
    check_answers(server);
    auto* devices = ggml_backend_rpc_add_server(server.c_str());
    if (devices == nullptr) throw Error(ErrorKind::network, fmt::format("RPC server {} has no devices", server));
    ggml_backend_register(devices);
  }
}

void serve_rpc(const std::string& endpoint, int threads) {
  static_cast<void>(parse_endpoint(endpoint));
  engine::initialize_backend();
  auto devices = devices_of_type(GGML_BACKEND_DEVICE_TYPE_GPU);
  if (devices.empty()) devices = devices_of_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  ggml_backend_rpc_start_server(endpoint.c_str(), nullptr, thread_count(threads), devices.size(), devices.data());
  throw Error(ErrorKind::network, fmt::format("cannot serve at {}", endpoint));
}

}  // namespace w2s
