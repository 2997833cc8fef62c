w2s_room_tests(serve
  TOPICS completion metrics protocol_error protocol_body protocol_chat_request protocol_text_request protocol_steering
         protocol_response
  RELEASED engine_thread server server_limits pages
  LIBRARIES w2s_study w2s_httplib nlohmann_json::nlohmann_json)

# What other programs' tests start `w2s serve` with.
add_executable(serve_example ${CMAKE_CURRENT_SOURCE_DIR}/serve/serve_example.cpp)
target_include_directories(serve_example PRIVATE ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(serve_example PRIVATE w2s_serve w2s_test_support w2s_httplib nlohmann_json::nlohmann_json
                      GTest::gtest)
