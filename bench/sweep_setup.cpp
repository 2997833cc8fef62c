#include "sweep_setup.h"

#include <string>
#include <utility>

#include "support/tiny_study.h"

namespace w2s::bench {
namespace {

std::string questions_of(const Behavior& behavior, std::size_t first, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const auto& sample = behavior.samples[(first + i) % behavior.samples.size()];
    text += (i > 0 ? "\n\n" : "") + sample.messages.front().content;
  }
  return text;
}

}  // namespace

std::vector<SweepItem> sweep_items(const Model& model, std::size_t samples, std::size_t questions) {
  const auto behavior = test::questions(samples);
  auto asked = behavior;
  std::vector<SweepItem> items;
  for (std::size_t i = 0; i < samples; ++i) {
    asked.samples[i].messages.front().content = questions_of(behavior, i, questions);
    items.push_back(
        {.key = {.sample = i}, .id = asked.samples[i].id, .tokens = tokenize_sample(model, asked, asked.samples[i])});
  }
  return items;
}

double own_tokens(std::span<const SweepItem> items) {
  const std::size_t prefix = shared_prefix(items);
  double tokens = 0;
  for (const auto& item : items) tokens += static_cast<double>(item.tokens.prompt.size() - prefix);
  return tokens / static_cast<double>(items.size());
}

SweepSetup::SweepSetup(const BenchSettings& settings)
    : model(Model::load(settings.model)), vectors(test::some_vectors(model.info())) {}

MeasuredSweep::MeasuredSweep(const SweepSetup& setup, SweepRequest request, std::vector<SweepItem> items,
                             std::size_t threads)
    : request_(std::move(request)), items_(std::move(items)) {
  const LayerwiseModel model(setup.model);
  for (std::size_t i = 0; i < threads; ++i) {
    auto executor = std::make_unique<MinimalExecutor>(model);
    minimal_.push_back(executor.get());
    executors_.push_back(std::move(executor));
  }
}

void MeasuredSweep::run() {
  const double before = flops_until_now();
  sweep(executors_, request_, items_, [](const SweepKey&) { return false; }, [](const SweepRecord&) {});
  flops_ = flops_until_now() - before;
}

double MeasuredSweep::flops_until_now() const {
  double flops = 0;
  for (const auto* const executor : minimal_) flops += executor->flops();
  return flops;
}

std::size_t shared_prefix(std::span<const SweepItem> items) { return common_prefix_length(tokens_of(items)); }

double least_flops(const LayerFlops& a_row, std::size_t layers, std::size_t prefix, const SweepRequest& request,
                   std::span<const SweepItem> items) {
  const SweepPlan plan{.shared_prefix = prefix,
                       .interventions = interventions(request.grid, request.sources.size()),
                       .sources = request.sources};
  std::vector<SweepPlan> plans(items.size(), plan);
  for (std::size_t i = 0; i < items.size(); ++i) plans[i].sample = &items[i].tokens;
  const std::vector<SweepPlan> twice(2, plans.front());
  const auto least = [&](std::span<const SweepPlan> of) { return minimal_flops(a_row, layers, of); };
  const double of_prefix = 2 * least(std::span(plans).first(1)) - least(twice);  // counts once, however many there are
  return least(plans) - of_prefix;
}

}  // namespace w2s::bench
