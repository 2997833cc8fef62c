// How responses are written as JSON.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace w2s::serve {

/// Fields stay in the order they are given in. Numbers are floats, as everything that is measured here, so that they
/// are written with as few digits as tell them apart.
using ResponseJson =
    nlohmann::basic_json<nlohmann::ordered_map, std::vector, std::string, bool, std::int64_t, std::uint64_t, float>;

/// One line. Bytes that are not UTF-8 become U+FFFD.
[[nodiscard]] inline std::string dump(const ResponseJson& json) {
  return json.dump(-1, ' ', false, ResponseJson::error_handler_t::replace);
}

}  // namespace w2s::serve
