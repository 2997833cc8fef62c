#include <fmt/format.h>

#include <iterator>

#include "w2s/base.h"
#include "w2s/data.h"

namespace w2s {
namespace {

// Each text with its length before it: no two different behaviours give the same sequence.
class Fields {
 public:
  void add(std::string_view text) { fmt::format_to(std::back_inserter(bytes_), "{}:{}", text.size(), text); }
  void add(std::size_t count) { fmt::format_to(std::back_inserter(bytes_), "#{}", count); }

  void add(const Sample& sample) {
    add(std::holds_alternative<std::string>(sample.id) ? "text" : "number");
    add(to_string(sample.id));
    add(sample.messages.size());
    for (const ChatMessage& message : sample.messages) {
      add(message.role);
      add(message.content);
    }
    add(sample.system ? std::size_t{1} : std::size_t{0});
    add(sample.system.value_or(""));
    add(sample.chosen);
    add(sample.rejected);
  }

  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace

std::string content_hash(const Behavior& behavior) {
  Fields fields;
  fields.add(behavior.name);
  fields.add(behavior.positive);
  fields.add(behavior.negative);
  fields.add(behavior.system);
  fields.add(behavior.samples.size());
  for (const Sample& sample : behavior.samples) fields.add(sample);
  return sha256(fields.bytes());
}

}  // namespace w2s
