// The ApiError that an action is expected to end with.
#pragma once

#include <gtest/gtest.h>

#include "serve/protocol/api_error.h"

namespace w2s::serve {

/// What `action` throws; a failure of the test if it throws nothing.
template <typename Action>
[[nodiscard]] ApiError api_error_of(const Action& action) {
  try {
    action();
  } catch (const ApiError& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return internal_error("no error");
}

}  // namespace w2s::serve
