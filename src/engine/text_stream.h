// The text of a generation while it is generated: whole characters only, and nothing of a stop string.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "w2s/model.h"

namespace w2s {

/// Tokens may end within a character. Turns bytes that come in pieces into text that is valid UTF-8 at every moment:
/// the beginning of a character is held back until the rest of it comes, bytes that are none become U+FFFD.
class CharacterStream {
 public:
  /// What is complete now.
  [[nodiscard]] std::string add(std::string_view bytes);
  /// What is left: U+FFFD for a character that never became whole.
  [[nodiscard]] std::string finish();

 private:
  std::string pending_;
};

/// Ends a text in front of the first of some strings, wherever the pieces it comes in are cut.
class StopStrings {
 public:
  /// Empty strings are left out.
  explicit StopStrings(std::vector<std::string> strings);

  /// What can not become part of a stop string any more. Nothing once one was found.
  [[nodiscard]] std::string add(std::string_view text);
  /// What was held back and is no stop string after all.
  [[nodiscard]] std::string finish();
  /// The one that was found.
  [[nodiscard]] const std::optional<std::string>& found() const { return found_; }

 private:
  std::vector<std::string> strings_;
  std::string pending_;
  std::optional<std::string> found_;
};

/// Both of them, for the tokens of a model. Control tokens have no text.
class TextStream {
 public:
  explicit TextStream(Model model, std::vector<std::string> stop = {})
      : model_(std::move(model)), stop_(std::move(stop)) {}

  /// What can be shown now; nothing once a stop string was found.
  [[nodiscard]] std::string add(Token token);
  /// What was held back, at the end.
  [[nodiscard]] std::string finish();
  /// The stop string that was found.
  [[nodiscard]] const std::optional<std::string>& stopped_at() const { return stop_.found(); }

 private:
  Model model_;
  CharacterStream characters_;
  StopStrings stop_;
};

}  // namespace w2s
