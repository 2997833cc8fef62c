#include "serve/engine_thread.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <future>
#include <utility>

#include "serve/protocol/api_error.h"

namespace w2s::serve {

struct Generations::Group {
  explicit Group(std::size_t unread_events) : channel(unread_events) {}

  EventChannel channel;
  std::vector<GenerationId> ids = {};  // the rest is the engine's thread's
  std::vector<bool> have_ended = {};   // [choices]
};

Generations::Generations(EngineThread& thread, std::shared_ptr<Group> group)
    : thread_(&thread), group_(std::move(group)) {}

Generations::Generations(Generations&&) noexcept = default;

Generations::~Generations() {
  if (group_ == nullptr) return;
  thread_->post([thread = thread_, group = group_] { thread->cancel(*group); });
}

std::optional<ChoiceEvent> Generations::next(Clock::time_point until) { return group_->channel.pop(until); }

bool Generations::have_lost_events() const { return group_->channel.has_lost_events(); }

EngineThread::EngineThread(GenerationEngine engine, std::size_t most_in_flight, std::size_t unread_events)
    : engine_(std::move(engine)), most_in_flight_(most_in_flight), unread_events_(unread_events) {
  thread_ = std::thread([this] { run(); });
}

EngineThread::~EngineThread() {
  end();
  thread_.join();
}

Generations EngineThread::submit(std::vector<GenerationRequest> requests) {
  const auto count = requests.size();
  const auto accepted = std::make_shared<std::promise<void>>();
  auto group = std::make_shared<Group>(unread_events_);
  {
    const std::lock_guard lock(mutex_);
    if (is_ending_) throw unavailable("the server is shutting down");
    if (in_flight_ + count > most_in_flight_)
      throw overloaded(fmt::format("{} answers are being generated or wait: try again later", in_flight_));
    in_flight_ += count;
    commands_.emplace_back([this, group, accepted, own = std::move(requests)]() mutable {
      try {
        begin(group, std::move(own));
        accepted->set_value();
      } catch (...) {
        accepted->set_exception(std::current_exception());
      }
    });
  }
  wake_.notify_one();
  accepted->get_future().get();
  return {*this, std::move(group)};
}

void EngineThread::end() {
  const std::lock_guard lock(mutex_);
  is_ending_ = true;
  wake_.notify_one();
}

bool EngineThread::is_alive() const {
  const std::lock_guard lock(mutex_);
  return !is_ending_;
}

void EngineThread::post(Command command) {
  const std::lock_guard lock(mutex_);
  if (is_ending_) return;
  commands_.push_back(std::move(command));
  wake_.notify_one();
}

void EngineThread::run() {
  GenerationFinished last{.reason = FinishReason::cancelled, .text = {}, .message = "the server is shutting down"};
  try {
    work();
  } catch (const std::exception& error) {  // out of memory, for instance: what the engine holds is lost
    last.reason = FinishReason::failed;
    last.message = error.what();
  }
  end();
  has_ended_ = true;
  for (const auto& command : take_commands(true)) command();
  end_all(last);
}

std::vector<EngineThread::Command> EngineThread::take_commands(bool has_work) {
  std::unique_lock lock(mutex_);
  if (!has_work) wake_.wait(lock, [&] { return is_ending_ || !commands_.empty(); });
  return std::exchange(commands_, {});
}

void EngineThread::work() {
  bool has_work = false;
  while (is_alive()) {
    for (const auto& command : take_commands(has_work)) command();
    has_work = engine_.step();
    cancel_those_lost();
    running_ = engine_.running();
    queued_ = engine_.queued();
  }
}

void EngineThread::begin(const std::shared_ptr<Group>& group, std::vector<GenerationRequest> requests) {
  if (has_ended_) throw unavailable("the server is shutting down");
  const auto count = requests.size();
  try {
    for (std::size_t choice = 0; choice < count; ++choice) {
      group->ids.push_back(engine_.submit(std::move(requests[choice]),
                                          [this, group, choice](const auto& event) { take(group, choice, event); }));
      group->have_ended.push_back(false);
    }
    groups_.push_back(group);
  } catch (...) {
    {
      const std::lock_guard lock(mutex_);
      in_flight_ -= count - group->ids.size();
    }
    cancel(*group);
    throw;
  }
}

void EngineThread::take(const std::shared_ptr<Group>& group, std::size_t choice, const GenerationEvent& event) {
  if (std::holds_alternative<GenerationFinished>(event)) {
    group->have_ended[choice] = true;
    if (std::ranges::all_of(group->have_ended, std::identity{})) std::erase(groups_, group);
    const std::lock_guard lock(mutex_);
    --in_flight_;
  }
  if (!group->channel.push({choice, event})) lost_.push_back(group);
}

void EngineThread::cancel(const Group& group) {
  if (has_ended_) return;
  for (const GenerationId id : group.ids) engine_.cancel(id);
}

void EngineThread::cancel_those_lost() {
  for (const auto& group : std::exchange(lost_, {})) cancel(*group);
}

void EngineThread::end_all(const GenerationFinished& last) {
  for (const auto& group : groups_) {
    for (std::size_t choice = 0; choice < group->ids.size(); ++choice)
      if (!group->have_ended[choice]) group->channel.push({choice, last});
  }
  groups_.clear();
  running_ = queued_ = 0;
}

}  // namespace w2s::serve
