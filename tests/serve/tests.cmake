w2s_test(serve engine_thread w2s_httplib nlohmann_json::nlohmann_json)
w2s_test(serve metrics)
w2s_test(serve server w2s_httplib nlohmann_json::nlohmann_json)
w2s_test(serve server_limits w2s_httplib nlohmann_json::nlohmann_json)
w2s_test(serve pages w2s_httplib nlohmann_json::nlohmann_json)
w2s_test(serve protocol_error nlohmann_json::nlohmann_json)
w2s_test(serve protocol_body)
w2s_test(serve protocol_chat_request nlohmann_json::nlohmann_json)
w2s_test(serve protocol_text_request nlohmann_json::nlohmann_json)
w2s_test(serve protocol_steering nlohmann_json::nlohmann_json)
w2s_test(serve protocol_response nlohmann_json::nlohmann_json)

# What other programs' tests start `w2s serve` with.
add_executable(serve_example ${CMAKE_CURRENT_SOURCE_DIR}/serve/serve_example.cpp)
target_include_directories(serve_example PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(serve_example PRIVATE w2s_serve w2s_test_support w2s_httplib nlohmann_json::nlohmann_json
                      GTest::gtest)
