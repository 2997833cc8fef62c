#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <limits>
#include <utility>

#include "results/embeddings_file.h"
#include "results/prompt_embeddings.h"
#include "w2s/base.h"
#include "w2s/results.h"

namespace w2s {
namespace {

namespace fs = std::filesystem;

bool is_of(const SweepRecord& record, std::span<const SplitPart> parts) {
  return std::ranges::find(parts, record.part) != parts.end();
}

std::vector<double> slopes_on_grid(const SweepGrid& grid, const SweepRecord& record, std::size_t method) {
  auto slopes = w2s::steerability(grid.multipliers, record.propensity.at(method));
  if (record.layers.empty()) return slopes;
  std::vector<double> all(grid.layers.size(), std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; i < slopes.size(); ++i) {
    const auto column = std::ranges::lower_bound(grid.layers, record.layers[i]) - grid.layers.begin();
    all[static_cast<std::size_t>(column)] = slopes[i];
  }
  return all;
}

[[noreturn]] void refuse_unrecorded(const SweepStoreHeader& header, const std::string& name,
                                    std::span<const std::string> embedded) {
  std::vector<std::string> recorded;
  for (const auto& encoder : header.encoders) recorded.push_back(to_string(encoder));
  throw Error(ErrorKind::usage,
              fmt::format("the sweep of {} did not record the encoder {}; it recorded {}{}", header.behavior, name,
                          fmt::join(recorded, ", "),
                          embedded.empty() ? "" : fmt::format("; embedded are {}", fmt::join(embedded, ", "))));
}

[[noreturn]] void refuse_unembedded(const SweepStoreHeader& header, const std::string& name,
                                    std::span<const std::string> embedded) {
  throw Error(ErrorKind::usage,
              fmt::format("the prompts of {} were not embedded with {}{}; `w2s encoders` embeds them", header.behavior,
                          name, embedded.empty() ? "" : fmt::format(", but with {}", fmt::join(embedded, ", "))));
}

}  // namespace

BehaviorResults::BehaviorResults(BehaviorFolder folder) : folder_(std::move(folder)) {}

const SweepStoreHeader& BehaviorResults::header() const {
  if (!header_) header_ = SweepStore::read(folder_.sweep()).header();
  return *header_;
}

std::string BehaviorResults::setting(const std::string& name) const {
  const auto found = header().settings.find(name);
  return found == header().settings.end() ? std::string() : found->second;
}

std::span<const SweepRecord> BehaviorResults::records() const {
  if (records_) return *records_;
  const auto store = SweepStore::read(folder_.sweep());
  if (!header_) header_ = store.header();
  records_ = store.records();
  return *records_;
}

std::span<const SweepRecord> BehaviorResults::records(PromptVariant variant) const {
  return std::ranges::equal_range(records(), variant, {}, [](const SweepRecord& record) { return record.key.variant; });
}

std::optional<NoiseFloor> BehaviorResults::noise_floor() const {
  return SweepStore::read(folder_.sweep()).noise_floor();
}

void BehaviorResults::check_is_complete() const {
  const auto whole = std::ranges::count_if(records(PromptVariant::base),
                                           [](const SweepRecord& record) { return record.layers.empty(); });
  if (static_cast<std::size_t>(whole) == header().samples) return;
  throw Error(ErrorKind::results, fmt::format("the sweep of {} has {} of {} samples; run `w2s run` again to finish it",
                                              header().behavior, whole, header().samples));
}

std::unique_ptr<VectorSource> BehaviorResults::vectors(std::size_t method) const {
  return read_vector_source(folder_.vectors(name_in_files(header().methods, method)));
}

const PredictorFile& BehaviorResults::predictors(std::size_t method) const {
  if (const auto kept = predictors_.find(method); kept != predictors_.end()) return kept->second;
  // That of the main method needs no sweep to be found.
  const auto path = folder_.predictor(method == 0 ? std::string_view() : name_in_files(header().methods, method));
  if (fs::exists(path)) return predictors_.emplace(method, read_predictors(path)).first->second;
  throw Error(ErrorKind::results, fmt::format("{} is missing; fit it with `w2s fit`", path.string()));
}

SteeringOperator BehaviorResults::operation() const {
  const auto recorded = fs::exists(folder_.predictor()) ? predictors(0).operation : std::nullopt;
  if (recorded) return *recorded;
  return fs::exists(folder_.sweep()) ? header().grid.operation : SteeringOperator::add;
}

std::vector<MethodAgreement> BehaviorResults::agreement() const {
  std::vector<MethodAgreement> agreement;
  for (std::size_t method = 0; method < header().methods.size(); ++method) {
    const auto source = vectors(method);
    const auto& layers = source->info().validation;
    if (!layers.empty()) agreement.push_back({header().behavior, header().methods[method], mean_over_layers(layers)});
  }
  return agreement;
}

std::vector<std::string> BehaviorResults::encoders() const {
  std::vector<std::string> names;
  for (const auto& encoder : header().encoders) names.push_back(to_string(encoder));
  std::ranges::move(embedded_encoders(folder_), std::back_inserter(names));
  return names;
}

std::string BehaviorResults::find_encoder(const EncoderChoice& choice) const {
  if (!embeds_text(choice)) {
    const auto own = parse_prompt_encoder(choice.model, header().model_layers);
    if (std::ranges::find(header().encoders, own) == header().encoders.end())
      refuse_unrecorded(header(), to_string(own), embedded_encoders(folder_));
    return to_string(own);
  }
  const auto embedded = embedded_encoders(folder_);
  std::vector<std::string> found;
  std::ranges::copy_if(embedded, std::back_inserter(found),
                       [&](const std::string& encoder) { return is_choice(choice, encoder); });
  if (found.empty()) refuse_unembedded(header(), to_string(choice), embedded);
  if (found.size() == 1) return found.front();
  throw Error(ErrorKind::usage, fmt::format("{} is ambiguous: {} has {}", to_string(choice), folder_.root.string(),
                                            fmt::join(found, ", ")));
}

PromptEmbeddings BehaviorResults::embeddings(const std::string& encoder) const {
  const auto name = find_encoder(parse_encoder_choice(encoder));
  const auto& recorded = header().encoders;
  const auto own =
      std::ranges::find(recorded, name, [](const PromptEncoder& candidate) { return to_string(candidate); });
  if (own == recorded.end()) return read_prompt_embeddings(folder_.embeddings(name), setting("data"));
  PromptEmbeddings embeddings(name, header().width);
  const auto index = static_cast<std::size_t>(own - recorded.begin());
  for (const auto& record : records()) embeddings.add(record.key, record.encodings.at(index));
  return embeddings;
}

SteerabilityMatrix BehaviorResults::steerability(PromptVariant variant, std::span<const SplitPart> parts,
                                                 std::size_t method) const {
  SteerabilityMatrix matrix;
  matrix.layers = header().grid.layers;
  for (const auto& record : records(variant)) {
    if (!is_of(record, parts)) continue;
    const auto slopes = slopes_on_grid(header().grid, record, method);
    matrix.values.insert(matrix.values.end(), slopes.begin(), slopes.end());
    ++matrix.samples;
  }
  return matrix;
}

MeasuredSamples BehaviorResults::samples(PromptVariant variant, std::span<const SplitPart> parts, std::size_t method,
                                         const PromptEmbeddings& embeddings) const {
  MeasuredSamples samples{.steerability = steerability(variant, parts, method), .embeddings = {}};
  for (const auto& record : records(variant)) {
    if (!is_of(record, parts)) continue;
    const auto embedding = embeddings.of(record.key);
    samples.embeddings.insert(samples.embeddings.end(), embedding.begin(), embedding.end());
  }
  return samples;
}

std::optional<std::vector<PromptText>> BehaviorResults::prompt_texts() const {
  auto texts = read_prompt_texts(folder_);
  if (!texts || std::ranges::equal(*texts, records(PromptVariant::base), {}, &PromptText::id, &SweepRecord::id))
    return texts;
  throw Error(ErrorKind::results,
              fmt::format("{}: has other samples than the sweep; delete it, and `w2s run` again writes it",
                          folder_.prompts().string()));
}

}  // namespace w2s
