# What `cmake --install` leaves is what a project of somebody else's finds.
if(TARGET w2s_shared)
  set(prefix "${PROJECT_BINARY_DIR}/installed")
  add_test(NAME install/prefix COMMAND "${CMAKE_COMMAND}" --install "${PROJECT_BINARY_DIR}" --prefix "${prefix}")
  add_test(NAME install/find_package
           COMMAND "${CMAKE_CTEST_COMMAND}" --build-and-test "${CMAKE_CURRENT_SOURCE_DIR}/install"
                   "${PROJECT_BINARY_DIR}/installed-project" --build-generator Ninja
                   --build-options "-DCMAKE_PREFIX_PATH=${prefix}" "-DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}"
                   -DCMAKE_BUILD_TYPE=Release)
  add_test(NAME install/example
           COMMAND "${PROJECT_BINARY_DIR}/installed-project/examples/example_study"
                   "${PROJECT_SOURCE_DIR}/build/models/SmolLM2-135M-Instruct-F32.gguf" "${PROJECT_BINARY_DIR}/installed-study")
  set_tests_properties(install/prefix PROPERTIES FIXTURES_SETUP w2s_installed)
  set_tests_properties(install/find_package PROPERTIES FIXTURES_REQUIRED w2s_installed FIXTURES_SETUP w2s_installed_project)
  set_tests_properties(install/example PROPERTIES FIXTURES_REQUIRED w2s_installed_project
                       PASS_REGULAR_EXPRESSION "positive-review w2s-top1")
endif()
