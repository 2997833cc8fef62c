w2s_room_tests(remote
  TOPICS chat_judge embedding_cache embeddings_protocol remote_embeddings retry
  RELEASED embedding_peer
  LIBRARIES w2s_httplib nlohmann_json::nlohmann_json w2s::engine)
