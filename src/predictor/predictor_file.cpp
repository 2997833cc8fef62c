// predictor.gguf: every network as tensors, what they expect and how they were chosen as metadata.
//
//   w2s.predictor.*            what the file is for
//   w2s.predictor.<policy>.*   the predictors of one policy ("top1", "expected"); cross_validation.* are arrays with an
//                              element a grid point; curves.fold<F>.training and .held_out are arrays with an
//                              element an epoch, curves.folds is their number (without it there are none)
//   <policy>.seed<S>.mean      [width]
//   <policy>.seed<S>.dense<N>.weight [outputs][inputs], .bias [outputs]
//
// Settings that are real numbers are decimal text, because GGUF's own would round them to float.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <system_error>
#include <utility>

#include "w2s/base.h"
#include "w2s/model.h"
#include "w2s/predictor.h"

namespace w2s {
namespace {

constexpr const char* architecture_key = "general.architecture";
constexpr const char* architecture = "w2s-predictor";
constexpr const char* activation = "relu";
constexpr std::int64_t file_version = 2;
const std::string prefix = "w2s.predictor.";
const std::string note_prefix = prefix + "note.";

std::int64_t to_integer(std::size_t value) { return static_cast<std::int64_t>(value); }

std::vector<std::int64_t> to_integers(const std::vector<std::size_t>& values) { return {values.begin(), values.end()}; }

template <typename Field>
auto column(const std::vector<CrossValidationScore>& scores, Field field) {
  std::vector<decltype(field(scores.front()))> values;
  values.reserve(scores.size());
  for (const auto& score : scores) values.push_back(field(score));
  return values;
}

std::string key_of(const std::string& policy, const std::string& name) {
  return fmt::format("{}{}.{}", prefix, policy, name);
}

void put_scores(TensorFile& file, const FittedPredictors& fitted) {
  const auto put = [&](const char* name, MetadataValue values) {
    file.metadata[key_of(to_string(fitted.policy), fmt::format("cross_validation.{}", name))] = std::move(values);
  };
  const auto& scores = fitted.scores;
  if (scores.empty()) return;
  using Score = CrossValidationScore;
  put("learning_rate", column(scores, [](const Score& s) { return fmt::format("{}", s.settings.learning_rate); }));
  put("hidden_width", column(scores, [](const Score& s) { return to_integer(s.settings.hidden_width); }));
  put("hidden_layers", column(scores, [](const Score& s) { return to_integer(s.settings.hidden_layers); }));
  put("weight_decay", column(scores, [](const Score& s) { return fmt::format("{}", s.settings.weight_decay); }));
  put("steerability", column(scores, [](const Score& s) { return s.steerability; }));
  put("accuracy", column(scores, [](const Score& s) { return s.accuracy; }));
  put("epochs", column(scores, [](const Score& s) { return s.epochs; }));
}

// A curve has a loss of either kind for each epoch, and at least one epoch.
bool is_whole(const TrainingCurve& curve) {
  return !curve.training.empty() && curve.training.size() == curve.held_out.size();
}

std::string curve_key(const std::string& policy, std::size_t fold, const char* part) {
  return key_of(policy, fmt::format("curves.fold{}.{}", fold, part));
}

void put_curves(TensorFile& file, const FittedPredictors& fitted) {
  const std::string policy = to_string(fitted.policy);
  const auto& curves = fitted.curves;
  if (curves.empty()) return;
  if (!std::ranges::all_of(curves, is_whole)) {
    throw Error(ErrorKind::predictor, fmt::format("a training curve of {} has not both losses of every epoch", policy));
  }
  file.metadata[key_of(policy, "curves.folds")] = to_integer(curves.size());
  for (std::size_t fold = 0; fold < curves.size(); ++fold) {
    file.metadata[curve_key(policy, fold, "training")] = curves[fold].training;
    file.metadata[curve_key(policy, fold, "held_out")] = curves[fold].held_out;
  }
}

void put_network(TensorFile& file, const std::string& name, const PredictorParts& parts) {
  file.tensors[name + ".mean"] = {{parts.mean.size()}, parts.mean};
  for (std::size_t i = 0; i < parts.network.size(); ++i) {
    const auto& [weight, bias] = parts.network[i];
    file.tensors[fmt::format("{}.dense{}.weight", name, i)] = {{bias.size(), weight.size() / bias.size()}, weight};
    file.tensors[fmt::format("{}.dense{}.bias", name, i)] = {{bias.size()}, bias};
  }
}

void put_fitted(TensorFile& file, const PredictorPolicy& policy, const FittedPredictors& fitted) {
  const std::string title = to_string(policy);
  if (fitted.policy != policy || fitted.by_seed.empty()) {
    throw Error(ErrorKind::predictor, fmt::format("there are no fitted predictors for {} to write", title));
  }
  const PredictorParts first = fitted.by_seed.front().parts();
  const auto put = [&](const char* name, MetadataValue value) {
    file.metadata[key_of(title, name)] = std::move(value);
  };
  put("objective", std::string(to_string(policy.objective)));
  put("top_k", to_integer(policy.top_k));
  put("layers", to_integers(first.layers));
  put("activation", std::string(activation));
  put("seeds", to_integer(fitted.by_seed.size()));
  put("dense_layers", to_integer(first.network.size()));
  put("epochs", to_integer(fitted.epochs));
  put("learning_rate", fmt::format("{}", fitted.settings.learning_rate));
  put("hidden_width", to_integer(fitted.settings.hidden_width));
  put("hidden_layers", to_integer(fitted.settings.hidden_layers));
  put("weight_decay", fmt::format("{}", fitted.settings.weight_decay));
  put_scores(file, fitted);
  put_curves(file, fitted);
  for (std::size_t seed = 0; seed < fitted.by_seed.size(); ++seed) {
    const PredictorParts parts = fitted.by_seed[seed].parts();
    if (parts.layers != first.layers || parts.network.size() != first.network.size()) {
      throw Error(ErrorKind::predictor, fmt::format("the seeds' predictors for {} differ in kind", title));
    }
    put_network(file, fmt::format("{}.seed{}", title, seed), parts);
  }
}

double decimal(const TensorFileReader& reader, const std::string& key, const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    reader.refuse(fmt::format("{} is '{}' instead of a number", key, text));
  return value;
}

double get_decimal(const TensorFileReader& reader, const std::string& key) {
  return decimal(reader, key, reader.get<std::string>(key));
}

DenseLayer read_dense(const TensorFileReader& reader, const std::string& name, std::size_t inputs) {
  Tensor weight = reader.tensor(name + ".weight", 2);
  Tensor bias = reader.tensor(name + ".bias", 1);
  if (weight.shape[0] != bias.shape[0] || weight.shape[1] != inputs) {
    reader.refuse(fmt::format("tensor {}.weight is {} x {} instead of {} x {}", name, weight.shape[0], weight.shape[1],
                              bias.shape[0], inputs));
  }
  return {std::move(weight.values), std::move(bias.values)};
}

LayerPredictor read_predictor(const TensorFileReader& reader, const std::string& name,
                              const std::vector<std::size_t>& layers, std::size_t dense_layers) {
  PredictorParts parts{.layers = layers, .mean = reader.tensor(name + ".mean", 1).values, .network = {}};
  std::size_t inputs = parts.mean.size();
  for (std::size_t i = 0; i < dense_layers; ++i) {
    parts.network.push_back(read_dense(reader, fmt::format("{}.dense{}", name, i), inputs));
    inputs = parts.network.back().bias.size();
  }
  try {
    return LayerPredictor(parts);
  } catch (const Error& error) {
    reader.refuse(fmt::format("tensors {}.*: {}", name, error.what()));
  }
}

std::vector<CrossValidationScore> read_scores(const TensorFileReader& reader, const std::string& policy) {
  const auto key = [&](const char* name) { return key_of(policy, fmt::format("cross_validation.{}", name)); };
  if (!reader.has(key("steerability"))) return {};
  const auto& steerability = reader.get<std::vector<double>>(key("steerability"));
  const auto whole = [&](const char* name, const auto& values) -> const auto& {
    if (values.size() != steerability.size()) {
      reader.refuse(fmt::format("{} has {} elements instead of {}", key(name), values.size(), steerability.size()));
    }
    return values;
  };
  const auto& learning_rate = whole("learning_rate", reader.get<std::vector<std::string>>(key("learning_rate")));
  const auto& weight_decay = whole("weight_decay", reader.get<std::vector<std::string>>(key("weight_decay")));
  const auto& accuracy = whole("accuracy", reader.get<std::vector<double>>(key("accuracy")));
  const auto& epochs = whole("epochs", reader.get<std::vector<double>>(key("epochs")));
  const auto hidden_width = reader.sizes(key("hidden_width"));
  const auto hidden_layers = reader.sizes(key("hidden_layers"));
  whole("hidden_width", hidden_width);
  whole("hidden_layers", hidden_layers);

  std::vector<CrossValidationScore> scores;
  for (std::size_t i = 0; i < steerability.size(); ++i) {
    scores.push_back({.settings = {.learning_rate = decimal(reader, key("learning_rate"), learning_rate[i]),
                                   .hidden_width = hidden_width[i],
                                   .hidden_layers = hidden_layers[i],
                                   .weight_decay = decimal(reader, key("weight_decay"), weight_decay[i])},
                      .steerability = steerability[i],
                      .accuracy = accuracy[i],
                      .epochs = epochs[i]});
  }
  return scores;
}

std::vector<TrainingCurve> read_curves(const TensorFileReader& reader, const std::string& policy) {
  const auto folds_key = key_of(policy, "curves.folds");
  if (!reader.has(folds_key) && !reader.has(curve_key(policy, 0, "training"))) return {};
  const std::size_t folds = reader.size(folds_key);
  std::vector<TrainingCurve> curves;
  for (std::size_t fold = 0; fold < folds; ++fold) {
    const auto training_key = curve_key(policy, fold, "training");
    const auto held_out_key = curve_key(policy, fold, "held_out");
    const auto& curve = curves.emplace_back(TrainingCurve{.training = reader.get<std::vector<double>>(training_key),
                                                          .held_out = reader.get<std::vector<double>>(held_out_key)});
    if (is_whole(curve)) continue;
    reader.refuse(fmt::format("{} has {} epochs, {} has {}", training_key, curve.training.size(), held_out_key,
                              curve.held_out.size()));
  }
  return curves;
}

template <typename Parse>
auto read_name(const TensorFileReader& reader, const std::string& key, const Parse& parse) {
  const auto& name = reader.get<std::string>(key);
  try {
    return parse(name);
  } catch (const Error&) {
    reader.refuse(fmt::format("{} is '{}', which this version does not know", key, name));
  }
}

std::optional<SteeringOperator> read_operation(const TensorFileReader& reader) {
  const auto key = prefix + "operator";
  if (!reader.has(key)) return std::nullopt;
  return read_name(reader, key, parse_steering_operator);
}

PredictorPolicy read_policy(const TensorFileReader& reader, const std::string& title) {
  const PredictorPolicy policy{.objective = read_name(reader, key_of(title, "objective"), parse_objective),
                               .top_k = reader.size(key_of(title, "top_k"))};
  if (to_string(policy) != title) {
    reader.refuse(fmt::format("{}{} holds the predictors of {}", prefix, title, to_string(policy)));
  }
  return policy;
}

FittedPredictors read_fitted(const TensorFileReader& reader, const std::string& title, std::size_t model_layers) {
  const auto key = [&](const char* name) { return key_of(title, name); };
  if (const auto& found = reader.get<std::string>(key("activation")); found != activation) {
    reader.refuse(fmt::format("{} is '{}', which this version does not know", key("activation"), found));
  }
  const auto layers = reader.sizes(key("layers"));
  if (std::ranges::any_of(layers, [&](std::size_t layer) { return layer >= model_layers; })) {
    reader.refuse(fmt::format("{} names a layer that a model of {} layers does not have", key("layers"), model_layers));
  }
  FittedPredictors fitted{
      .policy = read_policy(reader, title),
      .settings = {.learning_rate = get_decimal(reader, key("learning_rate")),
                   .hidden_width = reader.size(key("hidden_width")),
                   .hidden_layers = reader.size(key("hidden_layers")),
                   .weight_decay = get_decimal(reader, key("weight_decay"))},
      .epochs = reader.size(key("epochs")),
      .scores = read_scores(reader, title),
      .by_seed = {},
      .curves = read_curves(reader, title),
  };
  const std::size_t seeds = reader.size(key("seeds"));
  if (seeds == 0) reader.refuse(fmt::format("{} is 0", key("seeds")));
  const std::size_t dense_layers = reader.size(key("dense_layers"));
  for (std::size_t seed = 0; seed < seeds; ++seed) {
    const std::string name = fmt::format("{}.seed{}", title, seed);
    fitted.by_seed.push_back(read_predictor(reader, name, layers, dense_layers));
    if (fitted.by_seed.back().width() != fitted.by_seed.front().width()) {
      reader.refuse(fmt::format("tensor {}.mean has another width than that of seed 0", name));
    }
  }
  return fitted;
}

std::map<std::string, std::string> read_notes(const TensorFileReader& reader, const TensorFile& file) {
  std::map<std::string, std::string> notes;
  for (const auto& [key, value] : file.metadata) {
    if (key.starts_with(note_prefix)) notes[key.substr(note_prefix.size())] = reader.get<std::string>(key);
  }
  return notes;
}

void check_kind(const TensorFileReader& reader) {
  if (!reader.has(architecture_key) || reader.get<std::string>(architecture_key) != architecture) {
    reader.refuse(fmt::format("this is not a layer predictor ({} is not '{}')", architecture_key, architecture));
  }
  if (const auto found = reader.get<std::int64_t>(prefix + "version"); found != file_version) {
    reader.refuse(fmt::format("it was written by another version of w2s ({}version is {}, this program reads {})",
                              prefix, found, file_version));
  }
}

}  // namespace

void write_predictors(const std::filesystem::path& path, const PredictorFile& predictors) {
  if (!predictors.by_policy.contains(predictors.default_policy)) {
    throw Error(ErrorKind::predictor, fmt::format("the default policy {} is not among the predictors to write",
                                                  to_string(predictors.default_policy)));
  }
  TensorFile file;
  file.metadata[architecture_key] = std::string(architecture);
  const auto put = [&](const char* name, MetadataValue value) { file.metadata[prefix + name] = std::move(value); };
  put("version", file_version);
  put("encoder", predictors.encoder);
  put("behavior", predictors.behavior);
  put("method", predictors.method);
  if (predictors.operation) put("operator", std::string(to_string(*predictors.operation)));
  put("fixed_layer_method", predictors.fixed_layer_method);
  put("model_architecture", predictors.model_architecture);
  put("model_layers", to_integer(predictors.model_layers));
  put("fixed_layer", to_integer(predictors.fixed_layer));
  put("default_policy", to_string(predictors.default_policy));
  std::vector<std::string> policies;
  for (const auto& [policy, fitted] : predictors.by_policy) {
    policies.push_back(to_string(policy));
    put_fitted(file, policy, fitted);
  }
  put("policies", std::move(policies));
  for (const auto& [name, text] : predictors.notes) file.metadata[note_prefix + name] = text;
  write_tensor_file(path, file);
}

PredictorFile read_predictors(const std::filesystem::path& path) {
  const TensorFile file = read_tensor_file(path);
  const TensorFileReader reader(file, [&](const std::string& what) {
    throw Error(ErrorKind::predictor, fmt::format("{}: {}: fit the predictor again", path.string(), what));
  });
  check_kind(reader);
  PredictorFile predictors{
      .encoder = reader.get<std::string>(prefix + "encoder"),
      .behavior = reader.get<std::string>(prefix + "behavior"),
      .method = reader.get<std::string>(prefix + "method"),
      .operation = read_operation(reader),
      .model_architecture = reader.get<std::string>(prefix + "model_architecture"),
      .model_layers = reader.size(prefix + "model_layers"),
      .fixed_layer = reader.size(prefix + "fixed_layer"),
      .fixed_layer_method = reader.get<std::string>(prefix + "fixed_layer_method"),
      .default_policy = {},
      .by_policy = {},
      .notes = read_notes(reader, file),
  };
  if (predictors.fixed_layer >= predictors.model_layers) {
    reader.refuse(fmt::format("{}fixed_layer is {}, which a model of {} layers does not have", prefix,
                              predictors.fixed_layer, predictors.model_layers));
  }
  const auto& default_policy = reader.get<std::string>(prefix + "default_policy");
  bool has_default = false;
  for (const auto& title : reader.get<std::vector<std::string>>(prefix + "policies")) {
    auto fitted = read_fitted(reader, title, predictors.model_layers);
    const PredictorPolicy policy = fitted.policy;
    if (title == default_policy) {
      predictors.default_policy = policy;
      has_default = true;
    }
    predictors.by_policy.emplace(policy, std::move(fitted));
  }
  if (!has_default) {
    reader.refuse(fmt::format("{}default_policy is '{}', for which there is no predictor", prefix, default_policy));
  }
  return predictors;
}

}  // namespace w2s
