#include "study/prompt_embeddings.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <optional>

#include "study/embeddings_file.h"
#include "w2s/encoder_choice.h"
#include "w2s/error.h"

namespace w2s {
namespace {

// Its index among those that the sweep recorded.
std::optional<std::size_t> recorded_index(const SweepStoreHeader& header, const std::string& name) {
  const auto found =
      std::ranges::find(header.encoders, name, [](const PromptEncoder& encoder) { return to_string(encoder); });
  if (found == header.encoders.end()) return std::nullopt;
  return static_cast<std::size_t>(found - header.encoders.begin());
}

[[noreturn]] void refuse(const SweepStoreHeader& header, const std::string& name,
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

PromptEmbeddings of_records(const SweepStoreHeader& header, std::span<const SweepRecord> records, std::size_t index) {
  PromptEmbeddings embeddings(to_string(header.encoders[index]), header.width);
  for (const auto& record : records) embeddings.add(record.key, record.encodings.at(index));
  return embeddings;
}

PromptEmbeddings of_file(const BehaviorFolder& folder, const SweepStoreHeader& header, const std::string& encoder) {
  const auto path = folder.embeddings(encoder);
  const auto file = read_embeddings_file(path);
  const auto data = header.settings.find("data");
  if (data != header.settings.end() && data->second != file.data) {
    throw Error(ErrorKind::results,
                fmt::format("{}: is of other data than the sweep beside it; delete it", path.string()));
  }
  PromptEmbeddings embeddings(file.encoder, file.width);
  for (const auto& [variant, rows] : file.variants) {
    for (std::size_t i = 0; i < rows.samples.size(); ++i) {
      embeddings.add({.sample = rows.samples[i], .variant = variant},
                     std::span(rows.values).subspan(i * file.width, file.width));
    }
  }
  return embeddings;
}

}  // namespace

void PromptEmbeddings::add(SweepKey key, std::span<const float> embedding) {
  const auto [row, is_new] = rows_.emplace(key, values_.size() / width_);
  if (is_new) values_.insert(values_.end(), embedding.begin(), embedding.end());
}

std::span<const float> PromptEmbeddings::of(SweepKey key) const {
  const auto row = rows_.find(key);
  if (row != rows_.end()) return std::span(values_).subspan(row->second * width_, width_);
  throw Error(
      ErrorKind::results,
      fmt::format("sample {} in {} was not embedded with {}: run the study again with it (`w2s run --embed-with`)",
                  key.sample, to_string(key.variant), encoder_));
}

std::vector<std::string> encoders_in(const BehaviorFolder& folder, const SweepStoreHeader& header) {
  std::vector<std::string> names;
  for (const auto& encoder : header.encoders) names.push_back(to_string(encoder));
  std::ranges::move(embedded_encoders(folder), std::back_inserter(names));
  return names;
}

std::string find_encoder(const BehaviorFolder& folder, const SweepStoreHeader& header, const std::string& name) {
  const auto choice = parse_encoder_choice(name);
  if (!embeds_text(choice)) {
    const auto own = to_string(parse_prompt_encoder(name, header.model_layers));
    if (!recorded_index(header, own)) refuse(header, own, embedded_encoders(folder));
    return own;
  }
  const auto embedded = embedded_encoders(folder);
  std::vector<std::string> found;
  std::ranges::copy_if(embedded, std::back_inserter(found),
                       [&](const std::string& encoder) { return is_choice(choice, encoder); });
  if (found.empty()) refuse_unembedded(header, to_string(choice), embedded);
  if (found.size() == 1) return found.front();
  throw Error(ErrorKind::usage,
              fmt::format("{} is ambiguous: {} has {}", name, folder.root.string(), fmt::join(found, ", ")));
}

PromptEmbeddings embeddings_of(const BehaviorFolder& folder, const SweepStoreHeader& header,
                               std::span<const SweepRecord> records, const std::string& encoder) {
  const auto name = find_encoder(folder, header, encoder);
  const auto index = recorded_index(header, name);
  return index ? of_records(header, records, *index) : of_file(folder, header, name);
}

}  // namespace w2s
