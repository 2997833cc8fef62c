#include "data/description_file.h"

#include <fmt/format.h>

#include <toml++/toml.h>
#include <string>

#include "data/text.h"
#include "w2s/base.h"

namespace w2s::data {
namespace {

toml::table parse_toml(std::string_view text, std::string_view file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw Error(ErrorKind::data,
                fmt::format("{}:{}: not valid TOML: {}", file, error.source().begin.line, error.description()));
  }
}

std::string* field_of(Behavior& behavior, std::string_view key) {
  if (key == "positive") return &behavior.positive;
  if (key == "negative") return &behavior.negative;
  if (key == "system") return &behavior.system;
  return nullptr;
}

}  // namespace

void apply_descriptions(Behavior& behavior, std::string_view toml_text, std::string_view file) {
  const toml::table table = parse_toml(without_byte_order_mark(toml_text), file);
  for (const auto& [key, value] : table) {
    std::string* field = field_of(behavior, key.str());
    if (field == nullptr) {
      throw Error(ErrorKind::data, fmt::format("{}:{}: unknown key \"{}\"; there are positive, negative and system",
                                               file, value.source().begin.line, key.str()));
    }
    if (!value.is_string()) {
      throw Error(ErrorKind::data,
                  fmt::format("{}:{}: \"{}\" must be a string", file, value.source().begin.line, key.str()));
    }
    *field = value.as_string()->get();
  }
}

}  // namespace w2s::data
