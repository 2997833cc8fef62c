// Counts of what the server does, in the text format of Prometheus.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace w2s::serve {

/// How many of some durations were at most so long.
class Histogram {
 public:
  void add(double seconds);
  /// Its lines, without those of its help and type. `labels`: "" or "path=\"...\"".
  void write(std::string& text, std::string_view name, std::string_view labels) const;

 private:
  std::vector<std::uint64_t> counts_ = {};  // [bounds + 1], not cumulated
  std::uint64_t count_ = 0;
  double sum_ = 0;
};

/// What is so now, rather than counted.
struct Gauges {
  std::size_t running = 0;
  std::size_t queued = 0;
};

/// For all threads.
class Metrics {
 public:
  /// `path`: of a route, never the client's own: each is a time series for ever.
  void add_request(std::string_view path, int status, double seconds);
  void add_first_token(double seconds);
  void add_prompt(std::size_t tokens, std::size_t cached);
  void add_generated(std::size_t tokens);

  [[nodiscard]] std::string text(const Gauges& gauges) const;

 private:
  mutable std::mutex mutex_;
  std::map<std::pair<std::string, int>, std::uint64_t, std::less<>> requests_;  // by path and status
  std::map<std::string, Histogram, std::less<>> durations_;                     // by path
  Histogram first_token_;
  std::uint64_t prompt_tokens_ = 0;
  std::uint64_t cached_tokens_ = 0;
  std::uint64_t generated_tokens_ = 0;
};

}  // namespace w2s::serve
