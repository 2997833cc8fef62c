#include "w2s/results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "w2s/base.h"

namespace w2s {
namespace {

using Json = nlohmann::ordered_json;

// What a token adds to the text of those before it: alone, some tokenizers' tokens lose their leading space.
std::string text_after(const Model& model, std::span<const Token> before, Token token) {
  std::vector<Token> tokens(before.begin(), before.end());
  tokens.push_back(token);
  const auto beginning = model.text(before);
  const auto whole = model.text(tokens);
  if (!whole.starts_with(beginning)) return model.text({&token, 1});
  return whole.substr(beginning.size());
}

// A line of the file and where it stands, for messages.
class Line {
 public:
  Line(std::string_view text, const std::filesystem::path& path, std::size_t sample)
      : json_(Json::parse(text, nullptr, false)), path_(path.string()), sample_(sample) {
    if (!json_.is_object()) refuse("is not a JSON object");
  }

  [[nodiscard]] PromptText read() const {
    if (json_.value("sample", Json()) != sample_) refuse(fmt::format("\"sample\" is not {}", sample_));
    return {.id = id(),
            .before = text("before"),
            .steered = text("steered"),
            .chosen = text("chosen"),
            .rejected = text("rejected")};
  }

 private:
  [[noreturn]] void refuse(const std::string& what) const {
    throw Error(ErrorKind::results,
                fmt::format("{}:{}: {}; delete the file, 'w2s run' again writes it", path_, sample_ + 1, what));
  }

  [[nodiscard]] std::string text(const char* name) const {
    const auto found = json_.find(name);
    if (found == json_.end() || !found->is_string()) refuse(fmt::format("\"{}\" is not a text", name));
    return found->get<std::string>();
  }

  [[nodiscard]] SampleId id() const {
    const auto found = json_.find("id");
    if (found == json_.end() || !is_id(*found)) refuse("\"id\" is neither a whole number nor a text");
    if (found->is_string()) return found->get<std::string>();
    return found->get<std::int64_t>();
  }

  [[nodiscard]] static bool is_id(const Json& value) {
    if (value.is_number_unsigned())
      return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    return value.is_number_integer() || value.is_string();
  }

  Json json_;
  std::string path_;
  std::size_t sample_;
};

}  // namespace

PromptText make_prompt_text(const Model& model, const SampleId& id, const TokenizedSample& sample) {
  const std::span<const Token> prompt(sample.prompt);
  const auto before = prompt.first(prompt.size() - 1);
  return {.id = id,
          .before = model.text(before),
          .steered = text_after(model, before, prompt.back()),
          .chosen = text_after(model, prompt, sample.chosen),
          .rejected = text_after(model, prompt, sample.rejected)};
}

void write_prompt_texts(const BehaviorFolder& folder, std::span<const PromptText> texts) {
  std::string lines;
  for (std::size_t sample = 0; sample < texts.size(); ++sample) {
    const auto& text = texts[sample];
    Json line = {{"sample", sample}};
    std::visit([&](const auto& id) { line["id"] = id; }, text.id);
    line["before"] = text.before;
    line["steered"] = text.steered;
    line["chosen"] = text.chosen;
    line["rejected"] = text.rejected;
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  write_file(folder.prompts(), lines);
}

std::optional<std::vector<PromptText>> read_prompt_texts(const BehaviorFolder& folder) {
  const auto path = folder.prompts();
  if (!std::filesystem::exists(path)) return std::nullopt;
  const auto content = read_file(path);
  std::vector<PromptText> texts;
  for (std::string_view rest(content); !rest.empty();) {
    const auto end = std::min(rest.find('\n'), rest.size());
    texts.push_back(Line(rest.substr(0, end), path, texts.size()).read());
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return texts;
}

}  // namespace w2s
