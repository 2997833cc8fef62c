// The whole job from C++: which layer should steer each prompt, and what is that worth?
#include "w2s/study.h"

#include <iostream>

int main() try {
  w2s::StudySettings settings;
  settings.model = "build/models/SmolLM2-135M-Instruct-F32.gguf";
  settings.data = {"builtin:positive-review"};
  settings.multipliers = {-1, 0, 1};

  const w2s::StudyOutcome outcome = w2s::run_study(settings, "build/example");
  for (const w2s::PolicyResult& row : outcome.results) {
    std::cout << row.behavior << ' ' << row.policy << ' ' << row.steerability << '\n';
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
