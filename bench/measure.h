// Measuring on a machine that others use as well: alternatives in turns, ratios within a turn, their median.
#pragma once

#include <sys/types.h>

#include <Eigen/Core>
#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace w2s::bench {

using Work = std::function<void()>;

/// Numbers of threads to measure with: one, and as many as there are.
[[nodiscard]] std::vector<std::size_t> one_and_all(std::size_t threads);

[[nodiscard]] double seconds_of(const Work& work);

[[nodiscard]] double median(std::vector<double> values);

/// What pieces of work took that were done in turns.
class Turns {
 public:
  /// Every piece of work once a turn, every other turn in the opposite order, after a turn that is not counted.
  Turns(std::size_t turns, std::span<const Work> works);

  /// Median of one work's seconds.
  [[nodiscard]] double seconds(std::size_t work) const { return median(seconds_.at(work)); }
  /// Median over the turns of one work's seconds less another's.
  [[nodiscard]] double difference(std::size_t work, std::size_t less) const;
  /// Median over the turns of `value` of the turn's seconds, [works].
  [[nodiscard]] double median_of(const std::function<double(std::span<const double> seconds)>& value) const;

 private:
  std::vector<std::vector<double>> seconds_;  // [works][turns]
};

/// Matrix products [rows x inner][inner x columns] with Eigen in F32, as the library does them.
struct ProductShape {
  Eigen::Index rows = 1;
  Eigen::Index inner = 1;
  Eigen::Index columns = 1;
  bool transposes_left = false;   ///< the left matrix lies in memory the other way round
  bool transposes_right = false;  ///< so does the right one

  [[nodiscard]] double flops() const { return 2.0 * static_cast<double>(rows * inner * columns); }
};

/// Nothing but products of some shapes, on each of several threads by itself: each product again and again, so that
/// what it reads is in the cache.
class Products {
 public:
  /// As often as they take about `seconds`, which is measured here.
  Products(std::vector<ProductShape> shapes, std::size_t threads, double seconds);

  void run() const;
  /// Of one run, on all threads together.
  [[nodiscard]] double flops() const;

 private:
  void run_on_one_thread(std::size_t times) const;

  std::vector<ProductShape> shapes_;
  std::size_t threads_;
  std::size_t times_ = 1;
};

/// The shape that reaches most.
[[nodiscard]] ProductShape fastest(std::span<const ProductShape> shapes);

/// Bytes, each at its peak.
struct PeakMemory {
  double resident = 0;  ///< all of a process's pages that are in memory
  double own = 0;       ///< of these, those that are not a file's
};

/// Of a process of its own that does the work. Call it while this one has no other threads. Needs Linux.
[[nodiscard]] PeakMemory peak_memory_of(const Work& work);

/// A process that uses a core while this lives.
class BusyProcess {
 public:
  BusyProcess();
  ~BusyProcess();
  BusyProcess(const BusyProcess&) = delete;
  BusyProcess& operator=(const BusyProcess&) = delete;

 private:
  pid_t process_;
};

/// "0.31 s", "12 ms".
[[nodiscard]] std::string text_of_seconds(double seconds);
/// "1.00", "168".
[[nodiscard]] std::string text_of_ratio(double ratio);
[[nodiscard]] std::string text_of_share(double share);

}  // namespace w2s::bench
