// The one thread that a generation engine lives on, and how other threads ask it for something.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/event_channel.h"
#include "w2s/generation.h"

namespace w2s::serve {

class EngineThread;

/// The generations of one request. Those that have not ended when it goes are cancelled.
class Generations {
 public:
  Generations(Generations&&) noexcept;
  Generations& operator=(Generations&&) = delete;
  ~Generations();

  /// The next event of any of them; nothing at `until`, or if events were lost because too many were not read.
  [[nodiscard]] std::optional<ChoiceEvent> next(Clock::time_point until);
  [[nodiscard]] bool have_lost_events() const;

 private:
  friend class EngineThread;
  struct Group;
  Generations(EngineThread& thread, std::shared_ptr<Group> group);

  EngineThread* thread_;
  std::shared_ptr<Group> group_;
};

/// Steps the engine while there is something to do, and sleeps otherwise.
class EngineThread {
 public:
  /// `most_in_flight`: generations that run or wait, together. `unread_events`: of a request's, at most.
  EngineThread(GenerationEngine engine, std::size_t most_in_flight, std::size_t unread_events);
  ~EngineThread();
  EngineThread(const EngineThread&) = delete;
  EngineThread& operator=(const EngineThread&) = delete;

  /// Queues all of them or none, and returns when the engine has accepted them. Throws what it throws, and ApiError if
  /// there are too many in flight (429), or if the thread ends (503).
  [[nodiscard]] Generations submit(std::vector<GenerationRequest> requests);

  /// Cancels everything, and refuses what comes from now on.
  void end();

  [[nodiscard]] std::size_t running() const { return running_; }
  [[nodiscard]] std::size_t queued() const { return queued_; }
  /// Whether it takes requests.
  [[nodiscard]] bool is_alive() const;

 private:
  friend class Generations;
  using Group = Generations::Group;
  using Command = std::function<void()>;

  void post(Command command);
  [[nodiscard]] std::vector<Command> take_commands(bool has_work);
  void run();
  void work();
  void begin(const std::shared_ptr<Group>& group, std::vector<GenerationRequest> requests);
  void take(const std::shared_ptr<Group>& group, std::size_t choice, const GenerationEvent& event);
  void cancel(const Group& group);
  void cancel_those_lost();
  void end_all(const GenerationFinished& last);

  GenerationEngine engine_;  // only its own thread touches it, and the three below
  bool has_ended_ = false;
  std::vector<std::shared_ptr<Group>> groups_;
  std::vector<std::shared_ptr<Group>> lost_;
  const std::size_t most_in_flight_;
  const std::size_t unread_events_;

  std::atomic<std::size_t> running_ = 0;
  std::atomic<std::size_t> queued_ = 0;

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<Command> commands_;
  std::size_t in_flight_ = 0;
  bool is_ending_ = false;
  std::thread thread_;
};

}  // namespace w2s::serve
