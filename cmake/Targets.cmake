# Targets that do something besides building; the Makefile and the presets name them.

# Outside the build folder, so that all presets share it.
add_custom_target(model
  COMMAND scripts/fetch-model.sh $<TARGET_FILE:w2s> build/models
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  USES_TERMINAL VERBATIM)
add_dependencies(model w2s)

# Kept out of every other target: converting it needs PyTorch.
get_target_property(llama_include llama.cpp::llama INTERFACE_INCLUDE_DIRECTORIES)
list(GET llama_include 0 llama_include)
add_custom_target(embedding-model
  COMMAND scripts/fetch-embedding-model.sh "${llama_include}/.." build/models
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  USES_TERMINAL VERBATIM)

# llama.cpp's own program, from the source and the libraries that w2s uses; see scripts/check-interop.sh.
if(W2S_BUILD_TESTS)
  add_executable(llama-debug EXCLUDE_FROM_ALL "${llama_include}/../examples/debug/debug.cpp")
  target_compile_options(llama-debug PRIVATE -w)
  target_link_libraries(llama-debug PRIVATE llama.cpp::llama-common llama.cpp::llama)

  add_custom_target(interop
    COMMAND scripts/check-interop.sh $<TARGET_FILE:w2s> $<TARGET_FILE:llama-debug>
            $<TARGET_FILE:example_one_token_logits> build/models/SmolLM2-135M-Instruct-F32.gguf
            "${PROJECT_BINARY_DIR}/interop"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    USES_TERMINAL VERBATIM)
  add_dependencies(interop w2s llama-debug example_one_token_logits model)

  # And its server; see scripts/check-embedding-peer.sh.
  include(LlamaServer)
  add_custom_target(embedding-peer
    COMMAND scripts/check-embedding-peer.sh $<TARGET_FILE:llama-server> $<TARGET_FILE:remote_test>
            build/models/all-MiniLM-L6-v2-F32.gguf "${PROJECT_BINARY_DIR}/embedding-peer"
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    USES_TERMINAL VERBATIM)
  add_dependencies(embedding-peer llama-server remote_test)
endif()

add_custom_target(lint
  COMMAND python3 scripts/run-tidy.py "${PROJECT_BINARY_DIR}/compile_commands.json"
  WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
  USES_TERMINAL VERBATIM)
