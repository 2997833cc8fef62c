// An embedding model that several threads ask.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "w2s/base.h"

namespace w2s::serve {

/// One thread after the other.
class SharedEncoder final : public TextEncoder {
 public:
  explicit SharedEncoder(std::shared_ptr<TextEncoder> encoder) : encoder_(std::move(encoder)) {}

  [[nodiscard]] std::string name() const override { return encoder_->name(); }
  [[nodiscard]] std::string identity() const override {
    const std::lock_guard lock(mutex_);
    return encoder_->identity();
  }
  [[nodiscard]] std::size_t width() const override {
    const std::lock_guard lock(mutex_);
    return encoder_->width();
  }
  [[nodiscard]] std::vector<std::vector<float>> encode(std::span<const std::string> texts, const Job& job) override {
    const std::lock_guard lock(mutex_);
    return encoder_->encode(texts, job);
  }
  [[nodiscard]] const TextEncoder* inner() const { return encoder_.get(); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<TextEncoder> encoder_;
};

}  // namespace w2s::serve
