#include "serve/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "w2s/model.h"

namespace w2s::serve {
namespace {

constexpr std::array upper_bounds = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0};

void write_head(std::string& text, std::string_view name, std::string_view type, std::string_view help) {
  fmt::format_to(std::back_inserter(text), "# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

template <typename Number>
void write_number(std::string& text, std::string_view name, std::string_view type, std::string_view help,
                  Number number) {
  write_head(text, name, type, help);
  fmt::format_to(std::back_inserter(text), "{} {}\n", name, number);
}

std::string as_label(std::string_view value) {
  std::string escaped;
  for (const char c : value) {
    if (c == '\\' || c == '"') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

}  // namespace

void Histogram::add(double seconds) {
  counts_.resize(upper_bounds.size() + 1);
  const auto* const bound = std::ranges::lower_bound(upper_bounds, seconds);
  ++counts_[static_cast<std::size_t>(bound - upper_bounds.begin())];
  ++count_;
  sum_ += seconds;
}

void Histogram::write(std::string& text, std::string_view name, std::string_view labels) const {
  const auto line = [&](std::string_view part, const std::string& all_labels, auto value) {
    const auto braces = all_labels.empty() ? std::string() : "{" + all_labels + "}";
    fmt::format_to(std::back_inserter(text), "{}_{}{} {}\n", name, part, braces, value);
  };
  const auto bucket = [&](const std::string& bound, std::uint64_t count) {
    line("bucket", fmt::format("{}{}le=\"{}\"", labels, labels.empty() ? "" : ",", bound), count);
  };
  std::uint64_t at_most = 0;
  for (std::size_t i = 0; i < upper_bounds.size(); ++i) {
    if (!counts_.empty()) at_most += counts_[i];
    bucket(fmt::format("{}", upper_bounds[i]), at_most);
  }
  bucket("+Inf", count_);
  line("sum", std::string(labels), sum_);
  line("count", std::string(labels), count_);
}

void Metrics::add_request(std::string_view path, int status, double seconds) {
  const std::lock_guard lock(mutex_);
  ++requests_[{std::string(path), status}];
  durations_[std::string(path)].add(seconds);
}

void Metrics::add_first_token(double seconds) {
  const std::lock_guard lock(mutex_);
  first_token_.add(seconds);
}

void Metrics::add_prompt(std::size_t tokens, std::size_t cached) {
  const std::lock_guard lock(mutex_);
  prompt_tokens_ += tokens;
  cached_tokens_ += cached;
}

void Metrics::add_generated(std::size_t tokens) {
  const std::lock_guard lock(mutex_);
  generated_tokens_ += tokens;
}

std::string Metrics::text(const Gauges& gauges) const {
  const std::lock_guard lock(mutex_);
  std::string text;
  write_head(text, "w2s_build_info", "gauge", "Versions.");
  fmt::format_to(std::back_inserter(text), "w2s_build_info{{version=\"{}\",llama_cpp=\"{}\"}} 1\n", as_label(version()),
                 as_label(llama_version()));
  write_head(text, "w2s_http_requests_total", "counter", "Requests by path and status.");
  for (const auto& [key, count] : requests_) {
    fmt::format_to(std::back_inserter(text), "w2s_http_requests_total{{path=\"{}\",status=\"{}\"}} {}\n",
                   as_label(key.first), key.second, count);
  }
  write_number(text, "w2s_prompt_tokens_total", "counter", "Tokens of prompts.", prompt_tokens_);
  write_number(text, "w2s_prompt_tokens_cached_total", "counter", "Tokens of prompts taken from earlier ones.",
               cached_tokens_);
  write_number(text, "w2s_tokens_generated_total", "counter", "Tokens generated.", generated_tokens_);
  write_number(text, "w2s_generations_running", "gauge", "Answers being generated.", gauges.running);
  write_number(text, "w2s_generations_queued", "gauge", "Answers that wait.", gauges.queued);
  write_head(text, "w2s_time_to_first_token_seconds", "histogram", "From a request to its answer's first token.");
  first_token_.write(text, "w2s_time_to_first_token_seconds", {});
  write_head(text, "w2s_request_duration_seconds", "histogram", "From a request to the end of its response.");
  for (const auto& [path, histogram] : durations_)
    histogram.write(text, "w2s_request_duration_seconds", fmt::format("path=\"{}\"", as_label(path)));
  return text;
}

}  // namespace w2s::serve
