# Clients that others wrote, against `w2s serve`.
add_test(NAME "clients: openai for Python"
         COMMAND ${PROJECT_SOURCE_DIR}/scripts/client-tests.sh $<TARGET_FILE:w2s> $<TARGET_FILE:serve_example>)
set_tests_properties("clients: openai for Python" PROPERTIES SKIP_RETURN_CODE 77 PROCESSORS 2)
