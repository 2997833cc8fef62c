# Targets that do something besides building; the Makefile and the presets name them.

# Outside the build folder, so that all presets share it.
add_custom_target(model
  COMMAND scripts/fetch-model.sh $<TARGET_FILE:w2s> build/models
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  USES_TERMINAL VERBATIM)
add_dependencies(model w2s)

add_custom_target(lint
  COMMAND python3 scripts/run-tidy.py "${PROJECT_BINARY_DIR}/compile_commands.json" "${PROJECT_BINARY_DIR}/passed"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  USES_TERMINAL VERBATIM)
