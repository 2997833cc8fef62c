w2s_room_tests(base
  TOPICS base64 chat_message file json_value machine names option parallel random table values
  LIBRARIES nlohmann_json::nlohmann_json)
