add_library(w2s_test_servers STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/remote/embeddings_server.cpp ${CMAKE_CURRENT_SOURCE_DIR}/remote/judge_server.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/remote/local_server.cpp)
target_include_directories(w2s_test_servers PUBLIC ${CMAKE_CURRENT_SOURCE_DIR})
target_link_libraries(w2s_test_servers PUBLIC w2s_options w2s_httplib nlohmann_json::nlohmann_json)
w2s_leave_unoptimised(w2s_test_servers)

w2s_room_tests(remote
  TOPICS chat_judge embedding_cache embeddings_protocol remote_embeddings retry
  RELEASED embedding_peer
  LIBRARIES w2s_test_servers w2s::engine)
