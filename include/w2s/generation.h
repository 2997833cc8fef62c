// Steered generation: many at once, each in its own way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "w2s/base.h"
#include "w2s/decoding.h"
#include "w2s/model.h"
#include "w2s/predictor.h"
#include "w2s/results.h"
#include "w2s/sweep.h"
#include "w2s/vectors.h"

namespace w2s {

// Which layers a request is steered at.

/// Either the predictor decides for this input, or layers are named.
struct LayerChoice {
  std::size_t most_likely = 1;           ///< the predictor's so many most likely layers; only where none are named
  std::vector<std::size_t> layers = {};  ///< ascending; empty: the predictor decides

  [[nodiscard]] bool is_auto() const noexcept { return layers.empty(); }
  bool operator==(const LayerChoice&) const = default;
};

/// "auto", "auto:3", "12" or "12,13,14". Throws Error{usage} that lists these forms, or names a layer given twice.
[[nodiscard]] LayerChoice parse_layer_choice(std::string_view text);

/// Of named layers. Throws Error{usage} for none, or for one given twice.
[[nodiscard]] LayerChoice choose_layers(std::vector<std::size_t> layers);

/// The inverse of parse_layer_choice.
[[nodiscard]] std::string to_string(const LayerChoice& choice);

// Steering vectors that were loaded under a name, with the predictor that says where to add them.

/// A layer predictor and what it sees of a prompt: one of a layer of the model itself and an embedding model.
struct PromptLayerPredictor {
  LayerPredictor predictor;
  std::optional<PromptEncoder> own_layer = {};
  std::shared_ptr<TextEncoder> text_encoder = {};
};

struct NamedSteering {
  std::string name;
  std::shared_ptr<const VectorSource> source;
  SteeringOperator operation = SteeringOperator::add;
  std::optional<PromptLayerPredictor> predictor = {};  ///< absent: requests must name layers
  std::optional<std::size_t> fixed_layer = {};         ///< the best fixed layer of the samples it was fitted on
};

/// What `--steer` names.
struct SteeringPath {
  std::string name;
  std::filesystem::path path;
};

/// "NAME=PATH". Throws Error{usage} for a part that is missing.
[[nodiscard]] SteeringPath parse_steering_path(std::string_view text);

struct SteeringLoadOptions {
  /// The embedding models that predictors see prompts through: a predictor's file says which one it needs, not where it
  /// is.
  std::vector<EncoderChoice> encoders = {};
  int threads = 0;      ///< of embedding models; 0: one a core
  int gpu_layers = -1;  ///< of embedding models; as in ModelOptions
};

/// Loads behaviours of results folders (DIR/<behavior>: vectors.gguf, and predictor.gguf with the operator; where that
/// does not name it, sweep.sqlite does) and vectors files alone, which have no predictor. Everything is checked against
/// the model. Throws Error{usage} for two of one name or an embedding model that was not named, Error{vectors},
/// Error{predictor} and Error{results} with the file's name for what cannot be read, does not fit the model, or needs
/// an input's own answers (oracle vectors).
[[nodiscard]] std::vector<NamedSteering> load_steerings(std::span<const SteeringPath> paths, const Model& model,
                                                        const SteeringLoadOptions& options = {});

// What a request asks to be steered by, and what that becomes for its prompt.

/// One of the loaded steerings. Several layers share the scale, so that it means the same for one layer and for many:
/// named ones equally, the predictor's most likely ones in proportion to their probabilities.
struct SteeringRequest {
  std::string name;
  float scale = 1;
  LayerChoice layer = {};
};

/// What is done at one layer.
struct AppliedSteering {
  std::string name;
  std::size_t layer = 0;
  float scale = 0;                       ///< this layer's share
  std::optional<float> confidence = {};  ///< the predictor's probability of this layer; absent where it was named

  bool operator==(const AppliedSteering&) const = default;
};

/// What a predictor said of a prompt.
struct LayerProbabilities {
  std::string name;                  ///< of the steering
  std::vector<std::size_t> layers;   ///< those it chooses among, ascending
  std::vector<float> probabilities;  ///< [layers]
};

/// What a prompt is steered by. Can be moved, not copied: its steerings point to its vectors.
struct ResolvedSteering {
  std::vector<std::vector<float>> vectors = {};
  std::vector<Steering> steerings = {};  ///< without those that change nothing
  std::vector<AppliedSteering> applied = {};
  std::vector<LayerProbabilities> predicted = {};

  ResolvedSteering() = default;
  ResolvedSteering(const ResolvedSteering&) = delete;
  ResolvedSteering(ResolvedSteering&&) = default;
  ResolvedSteering& operator=(const ResolvedSteering&) = delete;
  ResolvedSteering& operator=(ResolvedSteering&&) = default;
  ~ResolvedSteering() = default;
};

/// A request's steering, checked against what is loaded; ready for the moment when its prompt has been read.
class PreparedSteering {
 public:
  PreparedSteering() = default;
  /// `text` is the prompt as embedding models read it (see plain_text); they embed it here, which takes their
  /// time. Refers to `loaded`. Throws Error{usage} for a name that is not loaded (and lists those that are), one named
  /// twice, a scale that is not finite or beyond 10000, a layer out of range, "auto" without a predictor, or an empty
  /// text for an embedding model; Error{vectors} for a layer without a vector.
  PreparedSteering(std::span<const SteeringRequest> requests, std::span<const NamedSteering> loaded,
                   const ModelInfo& model, const std::string& text);

  /// What must be read of the prompt before the steering can be resolved.
  [[nodiscard]] const PromptNeeds& needs() const noexcept { return needs_; }

  /// `reading` holds what `needs` asks for. Throws Error{vectors} where scale times vector is too long for the model's
  /// numbers to stay finite.
  [[nodiscard]] ResolvedSteering resolve(const PromptReading& reading) const;

 private:
  struct Part {
    const NamedSteering* steering = nullptr;
    SteeringRequest request;
    std::vector<float> text_embedding = {};  // of predictors that see prompts through an embedding model
  };

  [[nodiscard]] static LayerProbabilities predict(const Part& part, const PromptReading& reading);

  std::vector<Part> parts_;
  PromptNeeds needs_;
};

// Continuous batching: many generations at once, each steered in its own way.

struct GenerationRequest {
  std::vector<Token> prompt;
  std::string text = {};  ///< the prompt as embedding models read it (plain_text); only they need it
  std::vector<SteeringRequest> steering = {};
  SamplingOptions sampling = {};
  std::size_t max_tokens = 128;  ///< fewer where the context ends before; the token that ends the generation counts
  std::vector<std::string> stop = {};                 ///< the text ends in front of these
  std::optional<std::size_t> log_probabilities = {};  ///< of each token, and of so many most likely ones
};

/// The prompt was read and its steering resolved; comes before the first token.
struct GenerationStarted {
  std::vector<AppliedSteering> applied;
  std::vector<LayerProbabilities> predicted;
  std::size_t prompt_tokens = 0;
  std::size_t cached_tokens = 0;  ///< of these, taken from other prompts instead of decoded
};

struct GeneratedToken {
  Token token = 0;
  std::string text;  ///< what can be shown now: whole characters, nothing of a stop string; may be empty
  std::optional<TokenLogProbability> log_probability = {};
  std::vector<TokenLogProbability> most_likely = {};
};

enum class FinishReason {
  stop,    ///< the model ended its answer, or a stop string was found
  length,  ///< as many tokens as were asked for, or as fit into the context
  cancelled,
  failed  ///< `message` says why
};

/// "stop", "length", "cancelled", "failed".
[[nodiscard]] std::string_view to_string(FinishReason reason);

/// Comes last, and once.
struct GenerationFinished {
  FinishReason reason = FinishReason::stop;
  std::string text;                      ///< what was held back
  std::optional<std::string> stop = {};  ///< the stop string that was found
  std::size_t tokens = 0;                ///< generated
  std::string message = {};
  ErrorKind error = ErrorKind::engine;  ///< of a failure: Error{vectors} where the steering could not be done
};

using GenerationEvent = std::variant<GenerationStarted, GeneratedToken, GenerationFinished>;

/// Called from within step() and cancel(). It may submit and cancel; an exception of its own ends step(), and with it
/// the engine's life.
using GenerationSink = std::function<void(const GenerationEvent&)>;

using GenerationId = std::uint64_t;

/// Decodes one batch a step: the next token of every running generation, each row with its own edits, and stretches of
/// the prompts that wait. A prompt is decoded unsteered; steering is added at its last token and at every generated
/// token. Where a predictor or a vector source must see the prompt, its last token is read on its way through the
/// layers and steered at a later one; only if the steering is to be at an earlier one, it is forgotten and decoded
/// again. Prompts that begin alike share what was decoded unsteered, and nothing else. A generation is begun only when
/// the cache has room for all it may become, so that none fails for want of room. No threads of its own, and not
/// thread-safe. The same calls in the same order give the same events.
class GenerationEngine {
 public:
  /// As many generations run at once as the decoder has sequences, as far as its context has room for them. Takes the
  /// decoder over, and empties it.
  GenerationEngine(Decoder decoder, std::vector<NamedSteering> steerings);
  ~GenerationEngine();
  GenerationEngine(GenerationEngine&&) noexcept;
  GenerationEngine& operator=(GenerationEngine&&) noexcept;

  [[nodiscard]] const Model& model() const;
  [[nodiscard]] const std::vector<NamedSteering>& steerings() const;
  /// Tokens that a prompt and its answer may have together.
  [[nodiscard]] std::size_t context() const;

  /// Queues a generation. Throws Error{usage} for an empty prompt, one that leaves no room for an answer, a token that
  /// is not in the vocabulary, no tokens to generate, sampling options out of range, and what PreparedSteering throws.
  GenerationId submit(GenerationRequest request, GenerationSink sink);

  /// Ends a generation, if it is still there; its place is free at once.
  void cancel(GenerationId id);

  /// Decodes one batch. Returns whether there is more to do. Where the decoder fails, the generations that were running
  /// end with FinishReason::failed, and the engine goes on.
  bool step();

  [[nodiscard]] std::size_t running() const;
  [[nodiscard]] std::size_t queued() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Effect against fluency where the model answers freely: steered at the fixed layer and at the predicted one.

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
