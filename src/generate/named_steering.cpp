#include "w2s/generation.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "w2s/base.h"
#include "w2s/results.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

// An embedding model is opened once, however many predictors see prompts through it.
class TextEncoders {
 public:
  explicit TextEncoders(SteeringLoadOptions options) : options_(std::move(options)) {}

  std::shared_ptr<TextEncoder> find(const std::string& name, const fs::path& predictor) {
    if (const auto opened = opened_.find(name); opened != opened_.end()) return opened->second;
    std::shared_ptr<TextEncoder> encoder = open_text_encoder(
        choice_for(name, predictor), {.threads = options_.threads, .gpu_layers = options_.gpu_layers});
    if (encoder->name() != name) {
      throw Error(ErrorKind::usage, fmt::format("{}: the predictor sees prompts through {}, this is {}",
                                                predictor.string(), name, encoder->name()));
    }
    return opened_[name] = std::move(encoder);
  }

 private:
  [[nodiscard]] EncoderChoice choice_for(const std::string& name, const fs::path& predictor) const {
    const auto& choices = options_.encoders;
    const auto named =
        std::ranges::find_if(choices, [&](const EncoderChoice& choice) { return is_choice(choice, name); });
    if (named != choices.end()) return *named;
    const auto own = parse_encoder_choice(name);
    if (own.kind == EncoderKind::remote) return own;
    throw Error(ErrorKind::usage,
                fmt::format("{}: the predictor sees prompts through the embedding model {}: say where it is "
                            "(--encoder gguf:FILE.gguf)",
                            predictor.string(), name));
  }

  SteeringLoadOptions options_;
  std::map<std::string, std::shared_ptr<TextEncoder>> opened_;
};

// Errors of what a file holds name the file.
template <typename Action>
auto naming(const fs::path& file, const Action& action) try {
  return action();
} catch (const Error& error) {
  throw Error(error.kind(), fmt::format("{}: {}", file.string(), error.what()));
}

std::shared_ptr<const VectorSource> read_source(const fs::path& file, const Model& model) {
  std::shared_ptr<const VectorSource> source = read_vector_source(file);
  naming(file, [&] {
    check_fits(*source, model.info());
    if (source->needs().answers) {
      throw Error(ErrorKind::vectors,
                  fmt::format("{} vectors come from an input's own answers, which a prompt does not "
                              "have: use another method's",
                              source->info().method));
    }
  });
  return source;
}

void check_predictor(const PredictorFile& file, const LayerPredictor& predictor, const ModelInfo& model,
                     const VectorSource& source) {
  const auto refuse = [](const std::string& why) { throw Error(ErrorKind::predictor, why); };
  if (!file.model_architecture.empty() && file.model_architecture != model.architecture) {
    refuse(fmt::format("it was fitted for a '{}' model, this is '{}'", file.model_architecture, model.architecture));
  }
  if (file.model_layers != model.layers)
    refuse(fmt::format("it was fitted for a model of {} layers, this one has {}", file.model_layers, model.layers));
  check_fits(source, model, predictor.layers());
}

PromptLayerPredictor with_encoder(LayerPredictor predictor, const std::string& encoder, const fs::path& path,
                                  const Model& model, TextEncoders& encoders) {
  if (embeds_text(parse_encoder_choice(encoder)))
    return {.predictor = std::move(predictor), .text_encoder = encoders.find(encoder, path)};
  const auto own_layer = naming(path, [&] { return parse_prompt_encoder(encoder, model.info().layers); });
  if (predictor.width() != model.info().width) {
    throw Error(ErrorKind::predictor, fmt::format("{}: it sees {} numbers of a prompt, the model's layers are {} wide",
                                                  path.string(), predictor.width(), model.info().width));
  }
  return {.predictor = std::move(predictor), .own_layer = own_layer};
}

void load_predictor(NamedSteering& steering, const BehaviorResults& behavior, const Model& model,
                    TextEncoders& encoders) {
  const auto path = behavior.folder().predictor();
  const auto& file = behavior.predictors(0);
  const auto& predictor = file.by_policy.at(file.default_policy).by_seed.front();
  naming(path, [&] { check_predictor(file, predictor, model.info(), *steering.source); });
  steering.predictor = with_encoder(predictor, file.encoder, path, model, encoders);
  steering.fixed_layer = file.fixed_layer;
}

[[noreturn]] void refuse_folder(const fs::path& folder) {
  std::vector<std::string> behaviors;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored))
    if (fs::exists(BehaviorFolder{entry.path()}.vectors(), ignored)) behaviors.push_back(entry.path().string());
  std::ranges::sort(behaviors);
  throw Error(ErrorKind::results, behaviors.empty()
                                      ? fmt::format("{}: holds no steering vectors (vectors.gguf)", folder.string())
                                      : fmt::format("{}: holds several behaviours, name one: {}", folder.string(),
                                                    fmt::join(behaviors, ", ")));
}

NamedSteering load(const SteeringPath& named, const Model& model, TextEncoders& encoders) {
  NamedSteering steering{.name = named.name, .source = {}};
  if (!fs::is_directory(named.path)) {
    steering.source = read_source(named.path, model);
    return steering;
  }
  const BehaviorResults behavior({named.path});
  const auto& folder = behavior.folder();
  if (!fs::exists(folder.vectors())) refuse_folder(named.path);
  steering.source = read_source(folder.vectors(), model);
  if (fs::exists(folder.predictor())) load_predictor(steering, behavior, model, encoders);
  steering.operation = behavior.operation();
  return steering;
}

}  // namespace

SteeringPath parse_steering_path(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size())
    throw Error(ErrorKind::usage, fmt::format("'{}' is no steering: use NAME=PATH", text));
  return {.name = std::string(text.substr(0, equals)), .path = text.substr(equals + 1)};
}

std::vector<NamedSteering> load_steerings(std::span<const SteeringPath> paths, const Model& model,
                                          const SteeringLoadOptions& options) {
  TextEncoders encoders(options);
  std::vector<NamedSteering> steerings;
  for (const auto& path : paths) {
    if (std::ranges::find(steerings, path.name, &NamedSteering::name) != steerings.end())
      throw Error(ErrorKind::usage, fmt::format("two steerings are named '{}'", path.name));
    steerings.push_back(load(path, model, encoders));
  }
  return steerings;
}

}  // namespace w2s
