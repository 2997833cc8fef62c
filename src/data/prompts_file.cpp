#include "w2s/data.h"

#include <fmt/format.h>

#include "data/json_slices.h"
#include "data/preference_pairs.h"
#include "data/text.h"
#include "w2s/base.h"

namespace w2s {

std::vector<std::vector<ChatMessage>> read_prompts(const std::filesystem::path& file) {
  const auto content = read_file(file);
  const auto name = file.string();
  std::vector<std::vector<ChatMessage>> prompts;
  for (const auto& line : data::json_lines(data::without_byte_order_mark(content))) {
    const auto value = data::parse_json(line, name);
    prompts.push_back(data::read_messages(data::sample_object(value, fmt::format("{}:{}", name, line.line))));
  }
  if (prompts.empty()) throw Error(ErrorKind::data, fmt::format("{}: holds no prompts", name));
  return prompts;
}

}  // namespace w2s
