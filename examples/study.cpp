// The whole job from C++: which layer should steer each prompt, and what is that worth?
#include "w2s/study.h"

#include <iostream>

// example_study MODEL.gguf FOLDER
int main(int count, char** arguments) try {
  if (count != 3) throw w2s::Error(w2s::ErrorKind::usage, "example_study MODEL.gguf FOLDER");
  w2s::StudySettings settings;
  settings.model = arguments[1];
  settings.data = {"builtin:positive-review"};
  settings.selection.limit = 60;  // of its samples; 0: all
  settings.multipliers = {-1, 0, 1};

  const w2s::StudyOutcome outcome = w2s::run_study(settings, arguments[2]);
  for (const w2s::PolicyResult& row : outcome.results) {
    std::cout << row.behavior << ' ' << row.policy << ' ' << row.steerability << '\n';
  }
} catch (const std::exception& error) {
  std::cerr << error.what() << '\n';
  return 1;
}
