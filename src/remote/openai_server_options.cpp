#include "w2s/remote.h"

#include <utility>

#include "remote/openai_server.h"

namespace w2s {

OpenAiServerOptions OpenAiServerOptions::from_environment(std::string model) {
  OpenAiServerOptions options;
  if (const auto url = remote::environment("OPENAI_BASE_URL"); !url.empty()) options.base_url = url;
  options.api_key = remote::environment("OPENAI_API_KEY");
  options.model = std::move(model);
  return options;
}

}  // namespace w2s
