#include "study/study_encoders.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "w2s/encoder_choice.h"
#include "w2s/prompt_encoder.h"

namespace w2s {

std::vector<std::unique_ptr<TextEncoder>> open_text_encoders(const StudySettings& settings) {
  std::vector<EncoderChoice> choices;
  const auto own = parse_encoder_choice(settings.encoder);
  if (embeds_text(own)) choices.push_back(own);
  std::ranges::transform(settings.text_encoders, std::back_inserter(choices), parse_encoder_choice);

  const TextEncoderOptions options{.threads = settings.decoder.threads,
                                   .gpu_layers = settings.model_options.gpu_layers};
  std::vector<std::unique_ptr<TextEncoder>> opened;
  for (const auto& choice : choices) {
    auto encoder = open_text_encoder(choice, options);
    const bool is_there =
        std::ranges::any_of(opened, [&](const auto& other) { return other->name() == encoder->name(); });
    if (!is_there) opened.push_back(std::move(encoder));
  }
  return opened;
}

std::string name_of_encoder(const StudySettings& settings, std::size_t model_layers,
                            const std::vector<std::unique_ptr<TextEncoder>>& opened) {
  const auto choice = parse_encoder_choice(settings.encoder);
  if (embeds_text(choice)) return opened.front()->name();
  if (choice.kind == EncoderKind::own_layer) static_cast<void>(parse_prompt_encoder(settings.encoder, model_layers));
  return settings.encoder;
}

}  // namespace w2s
