#include "w2s/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include "generate/generation.h"
#include "generate/prompt_cache.h"
#include "w2s/base.h"

namespace w2s {
namespace {

// What a generation has in a batch.
struct BatchShare {
  Generation* generation = nullptr;
  std::size_t row = 0;  // its first
  std::size_t rows = 0;
  std::size_t capture = 0;  // its first
  std::size_t logits = 0;   // its row of logits, where it has one
  bool wants_logits = false;
  bool is_reading = false;   // its last row is the prompt's last token, which is read on its way and steered if it is
  bool is_too_late = false;  // not too late for that: else it is decoded again
  std::optional<Error> failure = {};
};

class Emitting {
 public:
  explicit Emitting(bool& flag) : flag_(&flag) { flag = true; }
  ~Emitting() { *flag_ = false; }
  Emitting(const Emitting&) = delete;
  Emitting& operator=(const Emitting&) = delete;

 private:
  bool* flag_;
};

std::size_t common_length(std::span<const Token> a, std::span<const Token> b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

// Whether its last row is as it is to be, steered or not.
bool is_as_meant(const BatchShare& share) { return !share.is_too_late && !share.failure; }

std::vector<Edit> edits_of(const Generation& generation, std::size_t row) {
  std::vector<Edit> edits;
  for (const auto& steering : generation.steerings()) edits.push_back({.row = row, .steering = steering});
  return edits;
}

void append(std::vector<Edit>& edits, const std::vector<Edit>& more) {
  edits.insert(edits.end(), more.begin(), more.end());
}

std::set<std::size_t> mean_layers_of(std::span<const NamedSteering> steerings) {
  PromptNeeds needs;
  for (const auto& steering : steerings)
    if (steering.predictor && steering.predictor->own_layer) needs.add(needs_of({&*steering.predictor->own_layer, 1}));
  return needs.means;
}

}  // namespace

struct GenerationEngine::State {
  State(Decoder own_decoder, std::vector<NamedSteering> own_steerings)
      : decoder(std::move(own_decoder)),
        steerings(std::move(own_steerings)),
        cache(decoder),
        mean_layers(mean_layers_of(steerings)),
        is_busy(cache.sequences(), false),
        last_used(cache.sequences(), 0) {
    decoder.clear();
  }

  void check(const GenerationRequest& request) const;
  [[nodiscard]] Generation* find(GenerationId id) const;
  void end(Generation& generation, FinishReason reason, const std::optional<Error>& error = {});
  void end_cancelled();

  void admit();
  [[nodiscard]] bool try_to_begin(Generation& generation);
  [[nodiscard]] std::vector<std::size_t> sequences(bool busy) const;
  [[nodiscard]] std::size_t reserved() const;
  [[nodiscard]] std::size_t best_source(const Generation& generation, std::size_t& length) const;

  void plan(Batch& batch, std::vector<BatchShare>& shares);
  void plan_answer(Generation& generation, Batch& batch, std::vector<BatchShare>& shares) const;
  void plan_prompt(Generation& generation, Batch& batch, std::vector<BatchShare>& shares);
  [[nodiscard]] bool waits_for_another(const Generation& generation) const;

  void decode(const Batch& batch, std::span<BatchShare> shares);
  [[nodiscard]] std::vector<Edit> steer_on_the_way(std::size_t layer, const Decoded& so_far,
                                                   std::span<BatchShare> shares) const;
  void take_rows(const Batch& batch, const Decoded& decoded, std::span<const BatchShare> shares);
  void take_prompt_rows(const BatchShare& share, std::span<const Row> rows, const Decoded& decoded);
  [[nodiscard]] PromptReading reading(const BatchShare& share, const Decoded& decoded) const;

  Decoder decoder;
  std::vector<NamedSteering> steerings;
  PromptCache cache;
  std::set<std::size_t> mean_layers;     // read at every prompt token, because a prompt that reuses it may need them
  std::vector<bool> is_busy;             // [sequences]
  std::vector<std::uint64_t> last_used;  // [sequences]: when a generation ended there
  std::deque<std::unique_ptr<Generation>> queue;
  std::vector<std::unique_ptr<Generation>> active;  // in the order in which they began
  std::uint64_t clock = 0;
  GenerationId last_id = 0;
  bool is_emitting = false;  // events are on their way: the list of those active must stay as it is
  bool has_new_room = true;  // since the first of the queue was last found to have too little
};

void GenerationEngine::State::check(const GenerationRequest& request) const {
  const auto refuse = [](const std::string& what) { throw Error(ErrorKind::usage, what); };
  const auto vocabulary = decoder.model().info().vocabulary;
  if (request.prompt.empty()) refuse("the prompt is empty");
  if (request.prompt.size() > cache.capacity()) {
    refuse(fmt::format("the prompt has {} tokens, the context {}: shorten it, or use a larger context",
                       request.prompt.size(), cache.capacity()));
  }
  for (const Token token : request.prompt) {
    if (token < 0 || static_cast<std::size_t>(token) >= vocabulary)
      refuse(fmt::format("token {} of the prompt is not in the vocabulary", token));
  }
  if (request.max_tokens == 0) refuse("no tokens are asked for: use 1 or more");
  check_sampling(request.sampling, decoder.model().info());
}

Generation* GenerationEngine::State::find(GenerationId id) const {
  const auto found = std::ranges::find_if(active, [&](const auto& generation) { return generation->id() == id; });
  return found == active.end() ? nullptr : found->get();
}

// Its sequence keeps what others may build on.
void GenerationEngine::State::end(Generation& generation, FinishReason reason, const std::optional<Error>& error) {
  const std::size_t sequence = generation.sequence();
  cache.truncate(sequence, cache.clean_length(sequence));
  is_busy[sequence] = false;
  last_used[sequence] = ++clock;
  has_new_room = true;
  generation.finish(reason, error);
}

// Those who listen may cancel further ones, before or after this one in the list.
void GenerationEngine::State::end_cancelled() {
  const auto is_to_end = [](const auto& generation) {
    return generation->is_cancelled() && !generation->is_finished();
  };
  for (auto next = std::ranges::find_if(active, is_to_end); next != active.end();
       next = std::ranges::find_if(active, is_to_end))
    end(**next, FinishReason::cancelled);
  std::erase_if(active, [](const auto& generation) { return generation->is_finished(); });
}

std::vector<std::size_t> GenerationEngine::State::sequences(bool busy) const {
  std::vector<std::size_t> found;
  for (std::size_t sequence = 0; sequence < is_busy.size(); ++sequence)
    if (is_busy[sequence] == busy) found.push_back(sequence);
  return found;
}

// Cells that the running generations do not use yet, but may.
std::size_t GenerationEngine::State::reserved() const {
  std::size_t cells = 0;
  for (const auto& generation : active)
    if (!generation->is_finished()) cells += generation->cells() - cache.length(generation->sequence());
  return cells;
}

// The sequence that has most of the prompt; `length` is how much of it.
std::size_t GenerationEngine::State::best_source(const Generation& generation, std::size_t& length) const {
  std::size_t best = 0;
  length = 0;
  for (std::size_t sequence = 0; sequence < cache.sequences(); ++sequence) {
    const std::size_t common = cache.common_prefix(sequence, generation.reusable_prompt());
    if (common <= length) continue;
    length = common;
    best = sequence;
  }
  return best;
}

bool GenerationEngine::State::try_to_begin(Generation& generation) {
  const auto idle = sequences(false);
  if (idle.empty()) return false;
  std::size_t common = 0;
  const std::size_t source = best_source(generation, common);
  auto kept = sequences(true);
  if (common > 0 && !is_busy[source]) kept.push_back(source);
  std::size_t room = cache.capacity() - reserved();  // what is reserved always fits
  if (cache.used_by(kept) + generation.cells() - common > room) {
    common = 0;
    if (cache.used_by(sequences(true)) + generation.cells() > room) return false;
  }

  const bool stays_in_place = common > 0 && !is_busy[source] && cache.length(source) == common;
  const std::size_t own =
      stays_in_place ? source : *std::ranges::min_element(idle, {}, [&](std::size_t s) { return last_used[s]; });
  cache.truncate(own, own == source ? common : 0);
  cache.share(source, own, common);
  is_busy[own] = true;
  room -= generation.cells() - cache.length(own);
  for (auto others = sequences(false); cache.used() > room && !others.empty();) {
    const auto oldest = std::ranges::min_element(others, {}, [&](std::size_t s) { return last_used[s]; });
    cache.truncate(*oldest, 0);
    others.erase(oldest);
  }
  generation.begin(own);
  generation.add_cached(common);
  return true;
}

void GenerationEngine::State::admit() {
  while (!queue.empty() && has_new_room) {
    has_new_room = try_to_begin(*queue.front());
    if (!has_new_room) return;
    active.push_back(std::move(queue.front()));
    queue.pop_front();
  }
}

void GenerationEngine::State::plan_answer(Generation& generation, Batch& batch, std::vector<BatchShare>& shares) const {
  const std::size_t sequence = generation.sequence();
  shares.push_back({.generation = &generation, .row = batch.rows.size(), .rows = 1, .wants_logits = true});
  batch.rows.push_back({.token = generation.next(),
                        .position = static_cast<std::int32_t>(cache.length(sequence)),
                        .sequence = static_cast<std::int32_t>(sequence),
                        .wants_logits = true});
  append(batch.edits, edits_of(generation, batch.rows.size() - 1));
}

// Whether one that began earlier is about to decode most of what is missing here.
bool GenerationEngine::State::waits_for_another(const Generation& generation) const {
  const std::size_t length = cache.length(generation.sequence());
  for (const auto& other : active) {
    if (other.get() == &generation) return false;
    if (other->is_answering() || other->is_finished()) continue;
    const std::size_t common = common_length(other->reusable_prompt(), generation.reusable_prompt());
    if (common > length && 2 * (common - length) >= generation.prompt().size() - length) return true;
  }
  return false;
}

void GenerationEngine::State::plan_prompt(Generation& generation, Batch& batch, std::vector<BatchShare>& shares) {
  const std::size_t sequence = generation.sequence();
  const auto prompt = generation.prompt();
  std::size_t common = 0;
  const std::size_t source = best_source(generation, common);
  if (const std::size_t length = cache.length(sequence); common > length) {
    cache.share(source, sequence, common);
    generation.add_cached(common - length);
  }
  if (waits_for_another(generation)) return;

  const std::size_t begin = cache.length(sequence);
  const std::size_t end = std::min(prompt.size(), begin + decoder.options().rows_per_batch - batch.rows.size());
  if (begin == end) return;
  shares.push_back(
      {.generation = &generation, .row = batch.rows.size(), .rows = end - begin, .capture = batch.captures.size()});
  for (std::size_t i = begin; i < end; ++i) {
    for (const std::size_t layer : mean_layers) batch.captures.push_back({batch.rows.size(), layer});
    batch.rows.push_back({.token = prompt[i],
                          .position = static_cast<std::int32_t>(i),
                          .sequence = static_cast<std::int32_t>(sequence)});
  }
  if (end < prompt.size()) return;
  shares.back().wants_logits = batch.rows.back().wants_logits = true;
  shares.back().is_reading = generation.is_reading();
  if (generation.is_reading()) {
    for (const std::size_t layer : generation.needs().last) batch.captures.push_back({batch.rows.size() - 1, layer});
  } else {
    append(batch.edits, edits_of(generation, batch.rows.size() - 1));
  }
}

void GenerationEngine::State::plan(Batch& batch, std::vector<BatchShare>& shares) {
  for (const auto& generation : active)
    if (generation->is_answering()) plan_answer(*generation, batch, shares);
  for (const auto& generation : active)
    if (!generation->is_answering()) plan_prompt(*generation, batch, shares);
  std::size_t logits = 0;
  for (auto& share : shares)
    if (share.wants_logits) share.logits = logits++;
}

// The tokens before those of the batch are in the cache, with what was read of them.
PromptReading GenerationEngine::State::reading(const BatchShare& share, const Decoded& decoded) const {
  const auto& generation = *share.generation;
  PromptReading read;
  std::size_t capture = share.capture + share.rows * mean_layers.size();
  for (const std::size_t layer : generation.needs().last) {
    const auto row = decoded.capture(capture++);
    read.last[layer] = {row.begin(), row.end()};
  }
  for (const std::size_t layer : generation.needs().means) {
    std::vector<double> sum(decoded.width, 0);
    const auto add = [&](std::span<const float> state) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += static_cast<double>(state[i]);
    };
    const std::size_t cached = generation.prompt().size() - share.rows;
    for (std::size_t i = 0; i < cached; ++i) add(cache.token(generation.sequence(), i).states.at(layer));
    const auto index = static_cast<std::size_t>(std::distance(mean_layers.begin(), mean_layers.find(layer)));
    for (std::size_t i = 0; i < share.rows; ++i) add(decoded.capture(share.capture + i * mean_layers.size() + index));
    auto& mean = read.means[layer];
    for (const double value : sum)
      mean.push_back(static_cast<float>(value / static_cast<double>(generation.prompt().size())));
  }
  return read;
}

std::vector<Edit> GenerationEngine::State::steer_on_the_way(std::size_t layer, const Decoded& so_far,
                                                            std::span<BatchShare> shares) const {
  std::vector<Edit> edits;
  for (auto& share : shares) {
    auto& generation = *share.generation;
    if (!share.is_reading || !generation.is_reading() || !generation.has_read_all_at(layer)) continue;
    try {
      generation.resolve(reading(share, so_far));
      share.is_too_late = !generation.can_be_steered_from(layer);
      if (!share.is_too_late) append(edits, edits_of(generation, share.row + share.rows - 1));
    } catch (const Error& error) {
      share.failure = error;
    }
  }
  return edits;
}

void GenerationEngine::State::take_prompt_rows(const BatchShare& share, std::span<const Row> rows,
                                               const Decoded& decoded) {
  const auto& generation = *share.generation;
  const std::size_t sequence = generation.sequence();
  const std::size_t last = generation.prompt().size() - 1;
  std::size_t capture = share.capture;
  for (const auto& row : rows) {
    if (static_cast<std::size_t>(row.position) == last && !is_as_meant(share)) break;
    CachedToken token{.token = row.token};
    for (const std::size_t layer : mean_layers) {
      const auto state = decoded.capture(capture++);
      token.states[layer] = {state.begin(), state.end()};
    }
    const bool is_steered = static_cast<std::size_t>(row.position) == last && !generation.steerings().empty();
    cache.append(sequence, std::move(token), !is_steered);
  }
  if (share.wants_logits && !is_as_meant(share))
    decoder.forget(static_cast<std::int32_t>(sequence), static_cast<std::int32_t>(last));
}

void GenerationEngine::State::take_rows(const Batch& batch, const Decoded& decoded,
                                        std::span<const BatchShare> shares) {
  for (const auto& share : shares) {
    const auto& generation = *share.generation;
    const auto rows = std::span(batch.rows).subspan(share.row, share.rows);
    if (generation.is_answering()) {
      cache.append(generation.sequence(), {.token = rows.front().token}, false);
    } else {
      take_prompt_rows(share, rows, decoded);
    }
  }
}

void GenerationEngine::State::decode(const Batch& batch, std::span<BatchShare> shares) {
  const bool reads = std::ranges::any_of(shares, [](const BatchShare& share) { return share.is_reading; });
  EditsOnTheWay edits_on_the_way;
  if (reads)
    edits_on_the_way = [&](std::size_t layer, const Decoded& so_far) {
      return steer_on_the_way(layer, so_far, shares);
    };
  Decoded decoded;
  try {
    decoded = decoder.decode(batch, edits_on_the_way);
  } catch (const Error& error) {
    cache.wipe();
    for (const auto& generation : active) end(*generation, FinishReason::failed, error);
    return;
  }
  take_rows(batch, decoded, shares);
  for (const auto& share : shares) {
    auto& generation = *share.generation;
    if (generation.is_cancelled()) continue;
    if (share.failure) {
      end(generation, FinishReason::failed, share.failure);
    } else if (share.wants_logits && is_as_meant(share)) {
      if (const auto reason = generation.accept(decoded.row_logits(share.logits))) end(generation, *reason);
    }
  }
}

GenerationEngine::GenerationEngine(Decoder decoder, std::vector<NamedSteering> steerings)
    : state_(std::make_unique<State>(std::move(decoder), std::move(steerings))) {}

GenerationEngine::~GenerationEngine() = default;
GenerationEngine::GenerationEngine(GenerationEngine&&) noexcept = default;
GenerationEngine& GenerationEngine::operator=(GenerationEngine&&) noexcept = default;

const Model& GenerationEngine::model() const { return state_->decoder.model(); }

const std::vector<NamedSteering>& GenerationEngine::steerings() const { return state_->steerings; }

std::size_t GenerationEngine::context() const { return state_->cache.capacity(); }

GenerationId GenerationEngine::submit(GenerationRequest request, GenerationSink sink) {
  state_->check(request);
  const auto& info = model().info();
  PreparedSteering steering(request.steering, state_->steerings, info, request.text);
  request.max_tokens = std::min(request.max_tokens, context() - request.prompt.size() + 1);
  auto generation = std::make_unique<Generation>(state_->last_id + 1, std::move(request), std::move(steering),
                                                 std::move(sink), model());
  state_->queue.push_back(std::move(generation));
  state_->has_new_room = true;
  return ++state_->last_id;
}

void GenerationEngine::cancel(GenerationId id) {
  auto& queue = state_->queue;
  const auto waiting = std::ranges::find_if(queue, [&](const auto& generation) { return generation->id() == id; });
  if (waiting != queue.end()) {
    const auto generation = std::move(*waiting);
    queue.erase(waiting);
    state_->has_new_room = true;
    generation->finish(FinishReason::cancelled);
    return;
  }
  auto* generation = state_->find(id);
  if (generation == nullptr || generation->is_finished()) return;
  generation->request_cancel();
  if (state_->is_emitting) return;
  const Emitting emitting(state_->is_emitting);
  state_->end_cancelled();
}

bool GenerationEngine::step() {
  const Emitting emitting(state_->is_emitting);
  state_->admit();
  Batch batch;
  std::vector<BatchShare> shares;
  state_->plan(batch, shares);
  if (!batch.rows.empty()) state_->decode(batch, shares);
  state_->end_cancelled();
  return running() > 0 || queued() > 0;
}

std::size_t GenerationEngine::running() const { return state_->active.size(); }

std::size_t GenerationEngine::queued() const { return state_->queue.size(); }

}  // namespace w2s
