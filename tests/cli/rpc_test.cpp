// A model whose layers are held by two other processes, as if they were machines.
#include <arpa/inet.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <nlohmann/json.hpp>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "cli/small_study.h"
#include "w2s/base.h"

namespace w2s::test {
namespace {

using ::testing::HasSubstr;

sockaddr_in local_address(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::uint16_t free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  auto address = local_address(0);
  socklen_t size = sizeof address;
  if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no free port");
  ::close(socket);
  return ntohs(address.sin_port);
}

bool answers(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  const auto address = local_address(port);
  const bool connected = ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return connected;
}

// `w2s rpc-server`, killed at the end.
class RpcServer {
 public:
  explicit RpcServer(const std::string& log) : port_(free_port()), process_(::fork()) {
    if (process_ == 0) become_server(log);
    for (int attempts = 0; attempts < 3000 && !answers(port_); ++attempts)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ~RpcServer() {
    ::kill(process_, SIGKILL);
    int status = 0;
    ::waitpid(process_, &status, 0);
  }
  RpcServer(const RpcServer&) = delete;
  RpcServer& operator=(const RpcServer&) = delete;

  [[nodiscard]] std::string endpoint() const { return "127.0.0.1:" + std::to_string(port_); }

 private:
  [[noreturn]] void become_server(const std::string& log) const {
    const int descriptor = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ::dup2(descriptor, STDOUT_FILENO);
    ::dup2(descriptor, STDERR_FILENO);
    const auto port = std::to_string(port_);
    const auto program = w2s_program();
    ::execl(program.c_str(), program.c_str(), "rpc-server", "--port", port.c_str(), "--threads", "1", nullptr);
    ::_exit(127);
  }

  std::uint16_t port_;
  pid_t process_;
};

// Of all samples, layers and multipliers.
std::vector<double> propensities(const std::string& jsonl) {
  std::vector<double> values;
  std::istringstream lines(jsonl);
  for (std::string line; std::getline(lines, line);) {
    const auto sample = nlohmann::json::parse(line);
    for (const auto& layer : sample.at("propensity"))
      for (const auto& value : layer) values.push_back(value.get<double>());
  }
  return values;
}

class Rpc : public SmallStudy {};

TEST_F(Rpc, MeasuresWhatOneMachineDoes) {
  make_vectors();
  const auto here = w2s(sweep_arguments({"--format", "jsonl", "--limit", "6"}));
  ASSERT_EQ(here.exit_code, 0) << here.err;
  const RpcServer one(path("one.log"));
  const RpcServer two(path("two.log"));
  const auto there =
      w2s(sweep_arguments({"--format", "jsonl", "--limit", "6", "--rpc", one.endpoint() + "," + two.endpoint()}));
  ASSERT_EQ(there.exit_code, 0) << there.err << read_file(path("one.log"));
  const auto expected = propensities(here.out);
  ASSERT_FALSE(expected.empty());
  EXPECT_THAT(propensities(there.out), testing::Pointwise(testing::DoubleNear(1e-4), expected));
}

TEST_F(Rpc, LeavesTheLayersToTheServers) {
  make_vectors();
  const RpcServer server(path("server.log"));
  const auto result = w2s(sweep_arguments({"--rpc", server.endpoint(), "--executor", "minimal"}));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("its layers are on a GPU or on another machine; use 'rows'"));
}

TEST_F(Rpc, NamesAServerThatDoesNotAnswer) {
  make_vectors();
  const auto endpoint = "127.0.0.1:" + std::to_string(free_port());
  const auto result = w2s(sweep_arguments({"--rpc", endpoint}));
  EXPECT_EQ(result.exit_code, 1);
  EXPECT_THAT(result.err, HasSubstr("error: RPC server " + endpoint + " does not answer"));
}

TEST_F(Rpc, RefusesWhatIsNoAddress) {
  make_vectors();
  for (const auto* endpoint : {"localhost", "localhost:", ":50052", "localhost:http", "localhost:70000"}) {
    const auto result = w2s(sweep_arguments({"--rpc", endpoint}));
    EXPECT_EQ(result.exit_code, 2) << endpoint;
    EXPECT_THAT(result.err, HasSubstr("is no RPC server: give HOST:PORT")) << endpoint;
  }
}

}  // namespace
}  // namespace w2s::test
