// Versions of this library and of what its numbers depend on.
#pragma once

#include <string>
#include <string_view>

namespace w2s {

/// This library's version, for instance "0.1.0".
[[nodiscard]] std::string_view version();

/// The version of the llama.cpp it is linked to.
[[nodiscard]] std::string_view llama_version();

/// The machine's processor and number of cores, for the record.
[[nodiscard]] std::string machine_description();

}  // namespace w2s
