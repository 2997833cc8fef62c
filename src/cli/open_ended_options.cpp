#include "cli/open_ended_options.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "cli/generation_options.h"
#include "w2s/chat_judge.h"
#include "w2s/error.h"
#include "w2s/prompts_file.h"
#include "w2s/table.h"

namespace w2s::cli {
namespace {

constexpr const char* group = "Open-ended";

AnswerJudge judge_of(const std::string& model) {
  if (model.empty()) return {};
  const auto judge = std::make_shared<ChatJudge>(OpenAiServerOptions::from_environment(model));
  return [judge](const std::string& behavior, const std::string& prompt, const std::string& answer, const Job& job) {
    const auto rating = judge->rate({.behavior = behavior, .prompt = prompt, .answer = answer}, job);
    return rating ? std::optional<double>(*rating) : std::nullopt;
  };
}

}  // namespace

void OpenEndedArguments::add_to(CommandLine& line) {
  line.add_flag("--open-ended", asked,
                "Instead: lets the model answer freely, steered at the fixed and at the predicted layer by several "
                "scales, and sets the effect against fluency (the change in mean log-probability per token that the "
                "unsteered model gives the answer). Needs -m, and --data (the study's: its test samples are the "
                "prompts) or --prompts; leaves results.json as it is")
      ->group(group);
  line.add_option("--scales", scales, "Strengths to steer with; unsteered answers are always there")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->type_name("LIST")
      ->default_str("-1.5,-1,-0.5,0.5,1,1.5")
      ->group(group);
  line.add_option("-n,--predict", max_tokens, "Tokens of an answer at most")
      ->check(CLI::Range(1, 1 << 20))
      ->type_name("N")
      ->group(group);
  line.add_option("--limit", limit, "Take only the first N prompts of each behaviour; 0: all")
      ->check(CLI::NonNegativeNumber)
      ->type_name("N")
      ->group(group);
  line.add_path("--prompts", prompts,
                "Prompts instead of the test samples: JSONL of {\"prompt\"}, a text or a list of chat messages")
      ->type_name("FILE.jsonl")
      ->group(group);
  line.add_option("--judge", judge,
                  "A chat model that rates from 0 to 10 how strongly each answer shows the behaviour; OPENAI_BASE_URL "
                  "and OPENAI_API_KEY from the environment say where it is")
      ->type_name("MODEL")
      ->group(group);
  line.add_option("--encoder", encoders,
                  "Where the embedding model is that predictors see prompts through: gguf:FILE.gguf or remote:MODEL "
                  "(may be repeated); predictors that see the model's own layers need none")
      ->allow_extra_args(false)
      ->type_name("NAME")
      ->group(group);
  line.add_path("--answers", answers, "Writes every answer with its figures to this file, a JSON object a line")
      ->type_name("FILE.jsonl")
      ->group(group);
}

OpenEndedSettings OpenEndedArguments::settings(const ModelArguments& model, const std::vector<std::string>& data,
                                               int threads) const {
  if (model.model.empty() || (data.empty() && prompts.empty()))
    throw Error(ErrorKind::usage, "--open-ended generates: name the study's model (-m), and --data or --prompts");
  OpenEndedSettings settings{.model = model.model,
                             .data = data,
                             .limit = limit,
                             .max_tokens = max_tokens,
                             .encoders = encoders,
                             .model_options = model.model_options(),
                             .threads = threads,
                             .judge = judge_of(judge)};
  if (!prompts.empty()) settings.prompts = read_prompts(prompts);
  if (!scales.empty()) {
    settings.scales.clear();
    for (const auto& scale : scales) settings.scales.push_back(parse_scale(scale));
  }
  return settings;
}

std::string answers_to_jsonl(const OpenEndedOutcome& outcome) {
  using Row = OpenEndedAnswer;
  const Fields<Row> fields = {
      {{.field = "behavior"}, &Row::behavior},
      {{.field = "prompt"}, &Row::prompt},
      {{.field = "steered_at"}, [](const Row& row) { return Cell(std::string(to_string(row.steered_at))); }},
      {{.field = "layer"}, &Row::layer},
      {{.field = "scale"}, [](const Row& row) { return to_cell(row.scale); }},
      {{.field = "question"}, &Row::question},
      {{.field = "answer"}, &Row::text},
      {{.field = "tokens"}, &Row::tokens},
      {{.field = "log_probability"}, &Row::log_probability},
      {{.field = "fluency_change"}, &Row::fluency_change},
      {{.field = "propensity"}, &Row::propensity},
      {{.field = "rating"}, &Row::rating}};
  return render_jsonl(table_of(fields, outcome.answers));
}

}  // namespace w2s::cli
