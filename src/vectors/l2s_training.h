// Training the networks of L2S: several learning rates each, one network a thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "vectors/l2s_coordinates.h"
#include "vectors/l2s_kept_networks.h"
#include "vectors/l2s_network.h"
#include "w2s/base.h"
#include "w2s/vectors.h"

namespace w2s::l2s {

/// A value that several threads share and the first one that needs it makes.
template <typename Value>
class Lazy {
 public:
  explicit Lazy(std::function<Value()> make) : make_(std::move(make)) {}

  [[nodiscard]] const Value& get() {
    std::call_once(made_, [this] { value_ = make_(); });
    return *value_;
  }

 private:
  std::function<Value()> make_;
  std::once_flag made_;
  std::optional<Value> value_;
};

class NetworkTrainer {
 public:
  /// Both must outlive this.
  NetworkTrainer(const MethodTraining& training, const MethodOptions& options);

  /// Makes the networks `wanted`, which are different ones, unless they were made before, here or by an interrupted
  /// fit. Neither the others that are wanted, nor their order, nor the number of threads changes a network. Throws
  /// Error{interrupted} when the job is stopped, Error{io} if finished networks cannot be kept.
  void train(std::string_view stage, std::span<const NetworkKey> wanted, const Job& job);

  /// One that was trained.
  [[nodiscard]] const Network& network(const NetworkKey& key) const { return networks_.at(key); }

 private:
  struct Candidate;  // trained with one of the learning rates
  struct Contest;    // between the learning rates of one network

  [[nodiscard]] bool has(const NetworkKey& key);
  [[nodiscard]] std::vector<std::unique_ptr<Contest>> contests(std::span<const NetworkKey> wanted);
  [[nodiscard]] Candidate train_candidate(Contest& contest, std::size_t rate) const;
  void enter(Contest& contest, Candidate candidate);

  const MethodTraining& training_;
  const MethodOptions& options_;
  std::vector<float> means_;  // [layers][width]
  std::map<std::size_t, std::shared_ptr<Lazy<Coordinates>>> contexts_;
  std::mutex mutex_;  // of what follows, and of the contests' standings
  KeptNetworks kept_;
  std::map<NetworkKey, Network> networks_;
};

}  // namespace w2s::l2s
