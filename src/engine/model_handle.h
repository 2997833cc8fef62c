// What a loaded model is made of, for the engine's own files.
#pragma once

#include <llama.h>

#include <filesystem>
#include <memory>
#include <optional>

#include "engine/chat_template.h"
#include "w2s/model.h"

namespace w2s::engine {

struct FreeModel {
  void operator()(llama_model* model) const { llama_model_free(model); }
};

struct ModelHandle {
  std::filesystem::path path;
  ModelInfo info;
  std::unique_ptr<llama_model, FreeModel> model;
  const llama_vocab* vocab = nullptr;
  std::optional<ChatTemplate> chat_template;
};

}  // namespace w2s::engine
