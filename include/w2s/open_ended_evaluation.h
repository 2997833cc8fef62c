// Effect against fluency where the model answers freely: steered at the fixed layer and at the predicted one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/chat_message.h"
#include "w2s/decoder.h"
#include "w2s/encoder_choice.h"
#include "w2s/job.h"
#include "w2s/model.h"

namespace w2s {

/// Where an answer was steered.
enum class SteeredAt { nowhere, fixed_layer, predicted_layer };

/// "unsteered", "fixed", "predicted".
[[nodiscard]] std::string_view to_string(SteeredAt where);

/// What is asked about an answer: how strongly it shows the behaviour. Nothing where the judge gave no rating.
using AnswerJudge = std::function<std::optional<double>(const std::string& behavior, const std::string& prompt,
                                                        const std::string& answer, const Job& job)>;

struct OpenEndedSettings {
  std::filesystem::path model;    ///< that of the study
  std::vector<std::string> data;  ///< that of the study, as for read_behaviors; may be empty where prompts are given
  std::vector<std::vector<ChatMessage>> prompts = {};  ///< take the place of the study's test samples
  std::size_t limit = 0;                               ///< only so many prompts a behaviour, the first ones; 0: all
  std::vector<float> scales = {-1.5F, -1.0F, -0.5F, 0.5F, 1.0F, 1.5F};  ///< 0 is always there
  std::size_t max_tokens = 48;
  std::vector<EncoderChoice> encoders = {};  ///< as in SteeringLoadOptions
  ModelOptions model_options;
  int threads = 0;
  AnswerJudge judge = {};  ///< may be empty
};

/// One answer, greedy.
struct OpenEndedAnswer {
  std::string behavior;
  std::size_t prompt = 0;
  SteeredAt steered_at = SteeredAt::nowhere;
  float scale = 0;
  std::optional<std::size_t> layer = {};
  std::string question;  ///< the contents of the prompt's turns
  std::string text;
  std::size_t tokens = 0;  ///< the one that ends the answer included
  /// Mean over the answer's tokens of the log-probability that the unsteered model gives each, in nats.
  double log_probability = 0;
  /// Of the unsteered answer to the same prompt that is taken away: 0 for that one, negative where steering made the
  /// answer one that the model finds unlikely.
  double fluency_change = 0;
  /// logit(positive answer) - logit(negative answer) of the test sample, steered at the same layer by the same scale;
  /// absent for prompts without two answers.
  std::optional<double> propensity = {};
  std::optional<double> rating = {};  ///< absent without a judge, and where it gave none
};

/// Means over prompts.
struct OpenEndedResult {
  std::string behavior;
  SteeredAt steered_at = SteeredAt::nowhere;
  float scale = 0;
  std::size_t prompts = 0;
  std::optional<double> propensity = {};
  double fluency_change = 0;
  std::optional<double> rating = {};
  std::size_t rated = 0;  ///< answers that the judge gave a rating of
};

struct OpenEndedOutcome {
  std::vector<OpenEndedAnswer> answers;
  std::vector<OpenEndedResult> results;  ///< by behaviour, place and scale
  std::size_t unrated = 0;               ///< answers that the judge was shown and gave no rating of
};

/// The mean over `answer`'s tokens of the log-probability, in nats, that the unsteered model gives each after the
/// prompt and those before it. Neither is empty. Clears the decoder. Throws what decoding does.
[[nodiscard]] double mean_log_probability(Decoder& decoder, std::span<const Token> prompt,
                                          std::span<const Token> answer);

/// Answers, greedily, each prompt of each behaviour of a results folder: unsteered, and by each scale steered at the
/// fixed layer and at the layer that the first predictor of the default policy chooses for the prompt, with the vectors
/// of the study's main method. Prompts are those of `settings`, else the study's test samples without their answers.
/// The judge sees the behaviour's positive description, or its name where there is none. Throws Error{usage} for no
/// prompts, a scale that is not finite, or no tokens; Error{results} for another model or data than the study's;
/// what load_steerings, the engine and the judge throw; Error{interrupted} when the job is stopped.
[[nodiscard]] OpenEndedOutcome evaluate_open_ended(const std::filesystem::path& folder,
                                                   const OpenEndedSettings& settings, const Job& job = {});

}  // namespace w2s
