#include "study/study_encoders.h"

#include <algorithm>
#include <utility>

#include "w2s/results.h"
#include "w2s/sweep.h"

namespace w2s {

std::vector<std::unique_ptr<TextEncoder>> open_text_encoders(const StudySettings& settings) {
  auto choices = settings.text_encoders;
  if (embeds_text(settings.fit.encoder)) choices.insert(choices.begin(), settings.fit.encoder);
  const TextEncoderOptions options{.threads = settings.threads, .gpu_layers = settings.model_options.gpu_layers};
  std::vector<std::unique_ptr<TextEncoder>> opened;
  for (const auto& choice : choices) {
    auto encoder = open_text_encoder(choice, options);
    const bool is_there =
        std::ranges::any_of(opened, [&](const auto& other) { return other->name() == encoder->name(); });
    if (!is_there) opened.push_back(std::move(encoder));
  }
  return opened;
}

EncoderChoice encoder_by_name(const StudySettings& settings, std::size_t model_layers,
                              const std::vector<std::unique_ptr<TextEncoder>>& opened) {
  const auto& choice = settings.fit.encoder;
  if (embeds_text(choice)) return parse_encoder_choice(opened.front()->name());
  if (choice.kind == EncoderKind::own_layer) static_cast<void>(parse_prompt_encoder(choice.model, model_layers));
  return choice;
}

}  // namespace w2s
