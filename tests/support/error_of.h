// The error that an action is expected to end with.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "w2s/base.h"

namespace w2s::test {

/// What `action` throws; a failure of the test if it throws nothing.
template <typename Action>
[[nodiscard]] Error error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no error was thrown";
  return {ErrorKind::interrupted, "no error"};
}

/// Its message, where its kind is the one expected.
template <typename Action>
[[nodiscard]] std::string message_of(ErrorKind kind, const Action& action) {
  const Error error = error_of(action);
  EXPECT_EQ(error.kind(), kind) << error.what();
  return error.what();
}

}  // namespace w2s::test
