# The tests of the web project, which are in web/tests. Sanitizers would not see anything in them.
if(NOT W2S_WEB OR W2S_SANITIZE)
  return()
endif()
set(environment "$<$<BOOL:${W2S_NODE}>:W2S_NODE=${W2S_NODE}>")

add_test(NAME "web: unit tests" COMMAND ${PROJECT_SOURCE_DIR}/scripts/npm.sh run --silent test)
set_tests_properties("web: unit tests" PROPERTIES PROCESSORS 2 ENVIRONMENT "${environment}")

set(pages "${PROJECT_BINARY_DIR}/example-pages")
add_test(NAME "web: example pages" COMMAND report_example_pages "${pages}")
set_tests_properties("web: example pages" PROPERTIES FIXTURES_SETUP example_pages)

set(server "${PROJECT_BINARY_DIR}/example-server")
add_test(NAME "web: example of a server" COMMAND serve_example "${server}")
set_tests_properties("web: example of a server" PROPERTIES FIXTURES_SETUP example_server)

add_test(NAME "web: pages in Chromium"
         COMMAND ${PROJECT_SOURCE_DIR}/scripts/browser-tests.sh "${pages}" $<TARGET_FILE:w2s> "${server}"
                 "${PROJECT_BINARY_DIR}/screenshots")
set_tests_properties("web: pages in Chromium" PROPERTIES FIXTURES_REQUIRED "example_pages;example_server"
                     SKIP_RETURN_CODE 77 PROCESSORS 2 ENVIRONMENT "${environment}")
