w2s_room_tests(base
  TOPICS base64 chat_message cores file json_value launcher machine names option parallel random table values
  LIBRARIES nlohmann_json::nlohmann_json)
