#include "serve/api_keys.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <cctype>

#include "w2s/base.h"

namespace w2s::serve {
namespace {

constexpr std::string_view scheme = "bearer";

std::string_view key_of(std::string_view authorization) {
  const auto is_same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  if (!std::ranges::equal(authorization.substr(0, scheme.size()), scheme, is_same)) return {};
  authorization.remove_prefix(scheme.size());
  const auto begin = authorization.find_first_not_of(' ');
  return begin == 0 || begin == std::string_view::npos ? std::string_view() : authorization.substr(begin);
}

}  // namespace

ApiKeys::ApiKeys(std::span<const std::string> keys) {
  for (const auto& key : keys) hashes_.push_back(sha256(key));
}

bool ApiKeys::accept(std::string_view authorization) const {
  const auto hash = sha256(key_of(authorization));
  bool is_known = false;
  for (const auto& known : hashes_)  // all of them, so that the time does not tell which
    is_known |= CRYPTO_memcmp(known.data(), hash.data(), hash.size()) == 0;
  return is_known;
}

}  // namespace w2s::serve
