#include "measure.h"

#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <fstream>
#include <stop_token>
#include <string_view>
#include <thread>
#include <utility>

#include "base/parallel.h"
#include "w2s/base.h"

namespace w2s::bench {
namespace {

// A product's operands and its result. Not random, but not zero either.
struct Operands {
  explicit Operands(const ProductShape& of)
      : left(of.transposes_left ? Eigen::MatrixXf(of.inner, of.rows) : Eigen::MatrixXf(of.rows, of.inner)),
        right(of.transposes_right ? Eigen::MatrixXf(of.columns, of.inner) : Eigen::MatrixXf(of.inner, of.columns)),
        product(of.rows, of.columns),
        shape(of) {
    left.setConstant(0.5F);
    right.setConstant(0.25F);
  }

  void multiply() {
    if (shape.transposes_left) {
      product.noalias() = left.transpose() * right;
    } else if (shape.transposes_right) {
      product.noalias() = left * right.transpose();
    } else {
      product.noalias() = left * right;
    }
    benchmark::DoNotOptimize(product.data());
  }

  Eigen::MatrixXf left, right, product;
  ProductShape shape;
};

// Of /proc/self/status, in bytes.
double memory_status(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field)) return std::stod(line.substr(line.find(':') + 1)) * 1024;
  return 0;
}

// Linux keeps the peak of all pages, but not that of those which are no file's.
PeakMemory watch_memory(const Work& work) {
  PeakMemory peak;
  {
    const std::jthread watcher([&](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        peak.own = std::max(peak.own, memory_status("RssAnon"));
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    });
    work();
  }
  peak.resident = memory_status("VmHWM");
  return peak;
}

}  // namespace

std::vector<std::size_t> one_and_all(std::size_t threads) {
  return threads > 1 ? std::vector<std::size_t>{1, threads} : std::vector<std::size_t>{1};
}

double seconds_of(const Work& work) {
  const auto begin = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double median(std::vector<double> values) {
  std::ranges::sort(values);
  const std::size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

Turns::Turns(std::size_t turns, std::span<const Work> works) : seconds_(works.size()) {
  for (const auto& work : works) work();
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < works.size(); ++i) {
      const std::size_t next = turn % 2 == 0 ? i : works.size() - 1 - i;
      seconds_[next].push_back(seconds_of(works[next]));
    }
  }
}

double Turns::difference(std::size_t work, std::size_t less) const {
  return median_of([&](std::span<const double> seconds) { return seconds[work] - seconds[less]; });
}

double Turns::median_of(const std::function<double(std::span<const double>)>& value) const {
  std::vector<double> values;
  for (std::size_t turn = 0; turn < seconds_.front().size(); ++turn) {
    std::vector<double> of_turn;
    for (const auto& seconds : seconds_) of_turn.push_back(seconds[turn]);
    values.push_back(value(of_turn));
  }
  return median(values);
}

Products::Products(std::vector<ProductShape> shapes, std::size_t threads, double seconds)
    : shapes_(std::move(shapes)), threads_(threads) {
  run_on_one_thread(1);
  const double once = seconds_of([&] { run_on_one_thread(3); }) / 3;
  times_ = std::max<std::size_t>(1, static_cast<std::size_t>(seconds / once));
}

void Products::run_on_one_thread(std::size_t times) const {
  for (const auto& shape : shapes_) {
    Operands operands(shape);
    for (std::size_t i = 0; i < times; ++i) operands.multiply();
  }
}

void Products::run() const {
  run_parallel({.stage = "products", .total = threads_}, threads_,
               [&](std::size_t, std::size_t) { run_on_one_thread(times_); }, {});
}

double Products::flops() const {
  double flops = 0;
  for (const auto& shape : shapes_) flops += shape.flops();
  return flops * static_cast<double>(times_ * threads_);
}

ProductShape fastest(std::span<const ProductShape> shapes) {
  std::vector<Products> products;
  std::vector<Work> works;
  for (const auto& shape : shapes) products.emplace_back(std::vector{shape}, 1, 0.03);
  for (const auto& product : products) works.emplace_back([&product] { product.run(); });
  const Turns turns(5, works);
  const auto slowness = [&](const ProductShape& shape) {
    const auto i = static_cast<std::size_t>(&shape - shapes.data());
    return turns.seconds(i) / products[i].flops();
  };
  return *std::ranges::min_element(shapes, {}, slowness);
}

PeakMemory peak_memory_of(const Work& work) {
  std::array<int, 2> pipe_ends{};
  if (pipe(pipe_ends.data()) != 0) throw Error(ErrorKind::usage, "cannot make a pipe");
  const auto [reading, writing] = pipe_ends;
  const pid_t process = fork();
  if (process < 0) throw Error(ErrorKind::usage, "cannot start a process");
  if (process == 0) {
    try {
      const auto peak = watch_memory(work);
      _exit(write(writing, &peak, sizeof(peak)) == sizeof(peak) ? 0 : 1);
    } catch (const std::exception& error) {
      fmt::print(stderr, "{}\n", error.what());
      _exit(1);
    }
  }
  close(writing);
  PeakMemory peak;
  const bool is_there = read(reading, &peak, sizeof(peak)) == sizeof(peak);
  close(reading);
  waitpid(process, nullptr, 0);
  if (!is_there) throw Error(ErrorKind::usage, "a process whose memory was to be measured failed");
  return peak;
}

BusyProcess::BusyProcess() : process_(fork()) {
  if (process_ < 0) throw Error(ErrorKind::usage, "cannot start a process");
  if (process_ > 0) return;
  const pid_t parent = getppid();
  for (std::atomic<unsigned> turns = 0; turns++ % 1024 != 0 || getppid() == parent;) {
  }
  _exit(0);
}

BusyProcess::~BusyProcess() {
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

std::string text_of_seconds(double seconds) {
  if (seconds < 0.1) return fmt::format("{:.1f} ms", seconds * 1000);
  return fmt::format("{:.{}f} s", seconds, seconds < 10 ? 2 : 0);
}

std::string text_of_ratio(double ratio) { return fmt::format("{:.{}f}", ratio, ratio < 10 ? 2 : 0); }

std::string text_of_share(double share) { return fmt::format("{:.0f}%", share * 100); }

}  // namespace w2s::bench
