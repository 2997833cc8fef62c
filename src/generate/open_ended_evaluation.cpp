#include "w2s/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

#include "base/values.h"
#include "results/study_data.h"
#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

struct Prompt {
  std::vector<ChatMessage> messages;
  std::vector<Token> tokens = {};
  std::optional<TokenizedSample> sample = {};  // where there are two answers
};

// One behaviour and what it is asked.
struct Subject {
  std::string behavior;
  std::string description;
  std::vector<Prompt> prompts;
};

void check(const OpenEndedSettings& settings) {
  if (settings.data.empty() && settings.prompts.empty())
    throw Error(ErrorKind::usage, "nothing to answer: name the study's data, or prompts");
  if (settings.max_tokens == 0) throw Error(ErrorKind::usage, "answers of 0 tokens");
  if (!all_finite(settings.scales)) throw Error(ErrorKind::usage, "a scale is not finite");
}

std::vector<float> scales_but_0(std::vector<float> scales) {
  std::ranges::sort(scales);
  const auto repeated = std::ranges::unique(scales);
  scales.erase(repeated.begin(), repeated.end());
  std::erase(scales, 0.0F);
  return scales;
}

std::vector<Prompt> test_prompts(const BehaviorFolder& folder, const Behavior& behavior, const Model& model) {
  std::vector<Prompt> prompts;
  const BehaviorResults results(folder);
  for (const auto& record : results.records(PromptVariant::base)) {
    if (record.part != SplitPart::test) continue;
    const auto& sample = behavior.samples.at(record.key.sample);
    prompts.push_back({.messages = conversation(behavior, sample, PromptVariant::base),
                       .sample = tokenize_sample(model, behavior, sample)});
  }
  return prompts;
}

std::vector<Subject> subjects_of(const ResultsFolder& results, const OpenEndedSettings& settings, const Model& model) {
  const auto& folders = results.behaviors();
  const auto swept = swept_behaviors(folders, settings.model, settings.model_options);
  std::vector<Behavior> behaviors;
  if (!settings.data.empty()) behaviors = read_study_data(results, swept, settings.data);
  std::vector<Subject> subjects;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    Subject subject{.behavior = swept[i].name, .description = swept[i].name, .prompts = {}};
    if (!behaviors.empty() && !behaviors[i].positive.empty()) subject.description = behaviors[i].positive;
    if (settings.prompts.empty()) {
      subject.prompts = test_prompts(folders[i], behaviors[i], model);
    } else {
      for (const auto& messages : settings.prompts) subject.prompts.push_back({.messages = messages});
    }
    if (settings.limit > 0) subject.prompts.resize(std::min(settings.limit, subject.prompts.size()));
    for (auto& prompt : subject.prompts) prompt.tokens = model.tokenize(model.chat_prompt(prompt.messages));
    subjects.push_back(std::move(subject));
  }
  return subjects;
}

std::vector<NamedSteering> steerings_of(std::span<const BehaviorFolder> folders, std::span<const Subject> subjects,
                                        const OpenEndedSettings& settings, const Model& model) {
  std::vector<SteeringPath> paths;
  for (std::size_t i = 0; i < folders.size(); ++i)
    paths.push_back({.name = subjects[i].behavior, .path = folders[i].root});
  auto steerings = load_steerings(
      paths, model,
      {.encoders = settings.encoders, .threads = settings.threads, .gpu_layers = settings.model_options.gpu_layers});
  for (const auto& steering : steerings) {
    if (steering.predictor && steering.fixed_layer) continue;
    throw Error(ErrorKind::results, fmt::format("{} has no layer predictor: finish its `w2s run`", steering.name));
  }
  return steerings;
}

std::size_t longest_prompt(std::span<const Subject> subjects) {
  std::size_t longest = 0;
  for (const auto& subject : subjects) {
    for (const auto& prompt : subject.prompts) {
      longest = std::max(longest, prompt.tokens.size());
      if (prompt.sample) longest = std::max(longest, prompt.sample->prompt.size());
    }
  }
  return longest;
}

// An answer with what only its making needs.
struct Answering {
  OpenEndedAnswer answer;
  std::vector<Token> tokens = {};
  std::optional<GenerationFinished> finished = {};

  void add(const GenerationEvent& event) {
    if (const auto* started = std::get_if<GenerationStarted>(&event)) {
      if (!started->applied.empty()) answer.layer = started->applied.front().layer;
    } else if (const auto* token = std::get_if<GeneratedToken>(&event)) {
      tokens.push_back(token->token);
      answer.text += token->text;
    } else {
      finished = std::get<GenerationFinished>(event);
      answer.text += finished->text;
    }
  }
};

class Answers {
 public:
  Answers(const OpenEndedSettings& settings, std::vector<float> scales, GenerationEngine& engine, Decoder& decoder)
      : settings_(settings), scales_(std::move(scales)), engine_(engine), decoder_(decoder) {}

  // All answers to one prompt, the unsteered one first.
  std::vector<OpenEndedAnswer> answer(const Subject& subject, std::size_t index, const Job& job) {
    const auto& prompt = subject.prompts[index];
    auto answering = generate(subject, index, job);
    std::vector<OpenEndedAnswer> answers;
    for (auto& [answer, tokens, finished] : answering) {
      if (finished->reason == FinishReason::failed) throw Error(ErrorKind::engine, finished->message);
      answer.tokens = tokens.size();
      answer.log_probability = mean_log_probability(decoder_, prompt.tokens, tokens);
      if (!answers.empty()) answer.fluency_change = answer.log_probability - answers.front().log_probability;
      if (prompt.sample) answer.propensity = propensity(subject, *prompt.sample, answer);
      if (settings_.judge) answer.rating = settings_.judge(subject.description, answer.question, answer.text, job);
      answers.push_back(std::move(answer));
    }
    return answers;
  }

 private:
  std::vector<Answering> generate(const Subject& subject, std::size_t index, const Job& job) {
    std::vector<Answering> answering(1 + 2 * scales_.size());
    std::size_t next = 0;
    submit(subject, index, SteeredAt::nowhere, 0, answering[next++]);
    for (const auto where : {SteeredAt::fixed_layer, SteeredAt::predicted_layer})
      for (const float scale : scales_) submit(subject, index, where, scale, answering[next++]);
    while (engine_.step()) job.check_stop();
    return answering;
  }

  void submit(const Subject& subject, std::size_t index, SteeredAt where, float scale, Answering& answering) {
    const auto& prompt = subject.prompts[index];
    answering.answer = {.behavior = subject.behavior,
                        .prompt = index,
                        .steered_at = where,
                        .scale = scale,
                        .question = plain_text(prompt.messages),
                        .text = {}};
    GenerationRequest request{.prompt = prompt.tokens,
                              .text = answering.answer.question,
                              .steering = {},
                              .sampling = {.temperature = 0},
                              .max_tokens = settings_.max_tokens};
    if (where != SteeredAt::nowhere) {
      const LayerChoice fixed{.layers = {*steering(subject).fixed_layer}};
      request.steering.push_back(
          {.name = subject.behavior, .scale = scale, .layer = where == SteeredAt::fixed_layer ? fixed : LayerChoice{}});
    }
    engine_.submit(std::move(request), [&answering](const GenerationEvent& event) { answering.add(event); });
  }

  [[nodiscard]] const NamedSteering& steering(const Subject& subject) const {
    return *std::ranges::find(engine_.steerings(), subject.behavior, &NamedSteering::name);
  }

  [[nodiscard]] double propensity(const Subject& subject, const TokenizedSample& sample,
                                  const OpenEndedAnswer& answer) const {
    const auto& own = steering(subject);
    SweepPlan plan{.sample = &sample, .sources = {own.source.get()}, .operation = own.operation};
    if (answer.layer) plan.choose = always({{.layers = {{.layer = *answer.layer}}, .multiplier = answer.scale}});
    const auto executors = make_executors({&decoder_, 1}, ExecutorChoice::rows);
    const auto outcome = executors.front()->run(plan);
    return static_cast<double>(outcome.steered.empty() ? outcome.unsteered : outcome.steered.front());
  }

  const OpenEndedSettings& settings_;
  std::vector<float> scales_;
  GenerationEngine& engine_;
  Decoder& decoder_;
};

double mean(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

std::optional<double> mean_if_any(std::span<const double> values) {
  return values.empty() ? std::nullopt : std::optional(mean(values));
}

OpenEndedResult result_of(std::span<const OpenEndedAnswer* const> answers) {
  std::vector<double> propensities;
  std::vector<double> changes;
  std::vector<double> ratings;
  for (const auto* answer : answers) {
    changes.push_back(answer->fluency_change);
    if (answer->propensity) propensities.push_back(*answer->propensity);
    if (answer->rating) ratings.push_back(*answer->rating);
  }
  const auto& first = *answers.front();
  return {.behavior = first.behavior,
          .steered_at = first.steered_at,
          .scale = first.scale,
          .prompts = answers.size(),
          .propensity = mean_if_any(propensities),
          .fluency_change = mean(changes),
          .rating = mean_if_any(ratings),
          .rated = ratings.size()};
}

std::vector<OpenEndedResult> results_of(std::span<const OpenEndedAnswer> answers) {
  std::map<std::tuple<std::string, SteeredAt, float>, std::vector<const OpenEndedAnswer*>> groups;
  for (const auto& answer : answers) groups[{answer.behavior, answer.steered_at, answer.scale}].push_back(&answer);
  std::vector<OpenEndedResult> results;
  for (const auto& [key, group] : groups) results.push_back(result_of(group));
  return results;
}

}  // namespace

std::string_view to_string(SteeredAt where) {
  if (where == SteeredAt::nowhere) return "unsteered";
  return where == SteeredAt::fixed_layer ? "fixed" : "predicted";
}

double mean_log_probability(Decoder& decoder, std::span<const Token> prompt, std::span<const Token> answer) {
  Batch batch;
  const auto add = [&](Token token) {
    batch.rows.push_back({.token = token, .position = static_cast<std::int32_t>(batch.rows.size())});
  };
  std::ranges::for_each(prompt, add);
  batch.rows.back().wants_logits = true;
  for (const Token token : answer.first(answer.size() - 1)) {
    add(token);
    batch.rows.back().wants_logits = true;
  }
  decoder.clear();
  const auto decoded = decoder.decode(batch);
  double sum = 0;
  for (std::size_t i = 0; i < answer.size(); ++i)
    sum += static_cast<double>(LogProbabilities(decoded.row_logits(i)).of(answer[i]).log_probability);
  decoder.clear();
  return sum / static_cast<double>(answer.size());
}

OpenEndedOutcome evaluate_open_ended(const fs::path& folder, const OpenEndedSettings& settings, const Job& job) {
  check(settings);
  const auto scales = scales_but_0(settings.scales);
  const ResultsFolder results(folder);
  const auto model = Model::load(settings.model, settings.model_options);
  const auto subjects = subjects_of(results, settings, model);
  const std::size_t length = longest_prompt(subjects) + settings.max_tokens + 1;
  const std::size_t at_once = 1 + 2 * scales.size();
  DecoderOptions options{.threads = settings.threads};
  options.sequences = std::clamp<std::size_t>(at_once, 2, 256);
  options.context = length * options.sequences;
  GenerationEngine engine(Decoder(model, options), steerings_of(results.behaviors(), subjects, settings, model));
  options.sequences = 2;
  options.context = length + options.sequences;
  Decoder decoder(model, options);

  Answers answering(settings, scales, engine, decoder);
  OpenEndedOutcome outcome;
  for (const auto& subject : subjects) {
    const auto stage = fmt::format("{}: answers", subject.behavior);
    for (std::size_t i = 0; i < subject.prompts.size(); ++i) {
      job.check_stop();
      auto answers = answering.answer(subject, i, job);
      std::ranges::move(answers, std::back_inserter(outcome.answers));
      job.report({.stage = stage, .done = i + 1, .total = subject.prompts.size(), .unit = "prompts"});
    }
  }
  outcome.results = results_of(outcome.answers);
  if (settings.judge) {
    outcome.unrated = static_cast<std::size_t>(
        std::ranges::count_if(outcome.answers, [](const OpenEndedAnswer& answer) { return !answer.rating; }));
  }
  return outcome;
}

}  // namespace w2s
