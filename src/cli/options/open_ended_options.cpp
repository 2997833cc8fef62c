#include "cli/options/open_ended_options.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "cli/options/generation_options.h"
#include "w2s/base.h"
#include "w2s/data.h"
#include "w2s/remote.h"
#include "w2s/study.h"
#include "w2s/table.h"

namespace w2s::cli {
namespace {

AnswerJudge judge_of(const std::string& model) {
  if (model.empty()) return {};
  const auto judge = std::make_shared<ChatJudge>(OpenAiServerOptions::from_environment(model));
  return [judge](const std::string& behavior, const std::string& prompt, const std::string& answer, const Job& job) {
    const auto rating = judge->rate({.behavior = behavior, .prompt = prompt, .answer = answer}, job);
    return rating ? std::optional<double>(*rating) : std::nullopt;
  };
}

}  // namespace

Options OpenEndedArguments::options() {
  return in_group(
      "Open-ended",
      {flag(
           "--open-ended", asked,
           "Instead: lets the model answer freely, steered at the fixed and at the predicted layer by several scales, "
           "and sets the effect against fluency (the change in mean log-probability per token that the unsteered model "
           "gives the answer). Needs -m, and --data (the study's: its test samples are the prompts) or --prompts; "
           "leaves results.json as it is"),
       option("--scales", settings.scales, scale_type(), "Strengths to steer with; unsteered answers are always there"),
       option("-n,--predict", settings.max_tokens, whole_number(1, 1U << 20U), "Tokens of an answer at most"),
       option("--limit", settings.limit, any_count(), "Take only the first N prompts of each behaviour; 0: all"),
       option("--prompts", prompts, any_path("FILE.jsonl"),
              "Prompts instead of the test samples: JSONL of {\"prompt\"}, a text or a list of chat messages"),
       option("--judge", judge, any_text("MODEL"),
              "A chat model that rates from 0 to 10 how strongly each answer shows the behaviour; OPENAI_BASE_URL and "
              "OPENAI_API_KEY from the environment say where it is"),
       option(
           "--encoder", settings.encoders, encoder_type(),
           "Where the embedding model is that predictors see prompts through: gguf:FILE.gguf or remote:MODEL (may be "
           "repeated); predictors that see the model's own layers need none")
           .of_type("NAME")
           .taking(OptionValues::repeated),
       option("--answers", answers, any_path("FILE.jsonl"),
              "Writes every answer with its figures to this file, a JSON object a line")});
}

OpenEndedSettings OpenEndedArguments::complete(const MultiLayerSettings& study) const {
  if (study.model.empty() || (study.data.empty() && prompts.empty()))
    throw Error(ErrorKind::usage, "--open-ended generates: name the study's model (-m), and --data or --prompts");
  auto complete = settings;
  complete.model = study.model;
  complete.data = study.data;
  complete.model_options = study.model_options;
  complete.threads = study.decoder.threads;
  complete.judge = judge_of(judge);
  if (!prompts.empty()) complete.prompts = read_prompts(prompts);
  return complete;
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
