// A text encoder that does as a test says.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "w2s/base.h"

namespace w2s::test {

class ScriptedEncoder final : public TextEncoder {
 public:
  using Embed = std::function<std::vector<float>(const std::string& text)>;

  ScriptedEncoder(std::string name, Embed embed) : name_(std::move(name)), embed_(std::move(embed)) {}

  [[nodiscard]] std::string name() const override { return name_; }
  [[nodiscard]] std::string identity() const override { return name_ + version; }
  [[nodiscard]] std::size_t width() const override { return 0; }
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> wanted, const Job&) override {
    if (before_chunk) before_chunk();
    std::vector<std::vector<float>> embeddings;
    for (const auto& text : wanted) {
      texts.push_back(text);
      embeddings.push_back(embed_(text));
    }
    return embeddings;
  }

  std::vector<std::string> texts;  ///< all that were embedded
  std::string version;             ///< of the model behind the name
  std::function<void()> before_chunk;

 private:
  std::string name_;
  Embed embed_;
};

}  // namespace w2s::test
