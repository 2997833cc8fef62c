#include "vectors/l2s_training.h"

#include <algorithm>
#include <cstdint>

#include "base/parallel.h"
#include "base/random.h"
#include "nn/training.h"

namespace w2s::l2s {
namespace {

// A stream of random numbers for each network that depends on nothing but which one it is.
Random random_of(std::uint64_t seed, const NetworkKey& key, std::size_t rate) {
  constexpr unsigned bits = 20;
  const std::uint64_t network = (std::uint64_t{key.context_layer} << bits) | std::uint64_t{key.layer};
  return Random::stream(seed, (network << bits) | std::uint64_t{rate});
}

// One whose output is zero until it has learnt something: the mean difference, in the targets' coordinates.
nn::Mlp<float> initial_network(nn::Index inputs, nn::Index outputs, std::size_t hidden_width, Random& random) {
  auto mlp = nn::initialize<float>({.inputs = inputs,
                                    .outputs = outputs,
                                    .hidden_width = static_cast<nn::Index>(hidden_width),
                                    .hidden_layers = 1,
                                    .activation = nn::Activation::tanh},
                                   random);
  mlp.layers.back().weight.setZero();
  return mlp;
}

}  // namespace

struct NetworkTrainer::Candidate {
  double learning_rate = 0;
  nn::Mlp<float> mlp = {};
  nn::TrainingOutcome outcome = {};

  [[nodiscard]] bool beats(const Candidate& other) const {
    return std::pair(outcome.held_out_loss, learning_rate) <
           std::pair(other.outcome.held_out_loss, other.learning_rate);
  }
};

struct NetworkTrainer::Contest {
  NetworkKey key;
  std::shared_ptr<Lazy<Coordinates>> context;
  std::shared_ptr<Lazy<Targets>> targets;  // shared by the contests of one layer, gone with the last
  std::size_t candidates_left = 0;
  std::optional<Candidate> best = {};

  [[nodiscard]] Network winner() const {
    const auto& goal = targets->get();
    auto network = in_residual_stream(best->mlp, context->get().axes, goal.coordinates.axes);
    const auto& outcome = best->outcome;
    network.epochs = static_cast<std::int64_t>(outcome.best_epoch);
    network.learning_rate = outcome.best_epoch > 0 ? static_cast<float>(best->learning_rate) : 0;
    network.mean_error = static_cast<float>(goal.mean_error);
    network.error = outcome.best_epoch > 0 ? static_cast<float>(goal.error(outcome.held_out_loss)) : network.mean_error;
    return network;
  }
};

NetworkTrainer::NetworkTrainer(const MethodTraining& training, const MethodOptions& options)
    : training_(training), options_(options), means_(mean_difference(training.train)), kept_(training, options) {}

bool NetworkTrainer::has(const NetworkKey& key) {
  if (networks_.contains(key)) return true;
  auto kept = kept_.read(key);
  if (!kept) return false;
  networks_[key] = std::move(*kept);
  return true;
}

std::vector<std::unique_ptr<NetworkTrainer::Contest>> NetworkTrainer::contests(std::span<const NetworkKey> wanted) {
  std::map<std::size_t, std::shared_ptr<Lazy<Targets>>> targets;
  std::vector<std::unique_ptr<Contest>> contests;
  for (const auto& key : wanted) {
    if (has(key)) continue;
    auto& context = contexts_[key.context_layer];
    if (!context) {
      context = std::make_shared<Lazy<Coordinates>>(
          [this, layer = key.context_layer] { return context_coordinates(training_, layer); });
    }
    auto& target = targets[key.layer];
    if (!target) {
      target = std::make_shared<Lazy<Targets>>([this, layer = key.layer] {
        const std::size_t width = training_.train.width;
        return targets_of(training_, layer, std::span(means_).subspan(layer * width, width));
      });
    }
    contests.push_back(std::make_unique<Contest>(
        Contest{.key = key, .context = context, .targets = target, .candidates_left = options_.learning_rates.size()}));
  }
  return contests;
}

NetworkTrainer::Candidate NetworkTrainer::train_candidate(Contest& contest, std::size_t rate) const {
  const auto& inputs = contest.context->get();
  const auto& targets = contest.targets->get().coordinates;
  auto random = random_of(options_.seed, contest.key, rate);
  Candidate candidate{
      .learning_rate = options_.learning_rates[rate],
      .mlp = initial_network(inputs.training.rows(), targets.training.rows(), options_.hidden_width, random)};
  const nn::TrainingOptions training{.optimizer = {.learning_rate = candidate.learning_rate},
                                     .loss = nn::Loss::mean_squared_error};
  candidate.outcome = nn::train_with_early_stopping<float>(
      candidate.mlp, {inputs.training, targets.training}, {inputs.validation, targets.validation},
      {.max_epochs = options_.max_epochs, .initial_counts = true}, training, random);
  return candidate;
}

void NetworkTrainer::enter(Contest& contest, Candidate candidate) {
  {
    const std::lock_guard lock(mutex_);
    if (!contest.best || candidate.beats(*contest.best)) contest.best = std::move(candidate);
    if (--contest.candidates_left > 0) return;
  }
  auto network = contest.winner();
  contest.best.reset();
  contest.targets.reset();
  const std::lock_guard lock(mutex_);
  kept_.write(contest.key, network);
  networks_[contest.key] = std::move(network);
}

void NetworkTrainer::train(std::string_view stage, std::span<const NetworkKey> wanted, const Job& job) {
  const auto missing = contests(wanted);
  const std::size_t rates = options_.learning_rates.size();
  const std::size_t resumed = (wanted.size() - missing.size()) * rates;
  run_parallel(
      {.stage = stage, .done = resumed, .total = wanted.size() * rates, .resumed = resumed, .unit = "networks"},
      thread_count(options_.threads),
      [&](std::size_t, std::size_t task) {
        auto& contest = *missing[task / rates];
        enter(contest, train_candidate(contest, task % rates));
      },
      job);
}

}  // namespace w2s::l2s
