// Who may ask.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace w2s::serve {

/// Keeps hashes of the keys, and compares them in a time that tells nothing of them.
class ApiKeys {
 public:
  explicit ApiKeys(std::span<const std::string> keys);

  [[nodiscard]] bool empty() const { return hashes_.empty(); }
  /// `authorization`: the header's value, "Bearer KEY".
  [[nodiscard]] bool accept(std::string_view authorization) const;

 private:
  std::vector<std::string> hashes_;
};

}  // namespace w2s::serve
