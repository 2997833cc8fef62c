w2s_room_tests(base
  TOPICS base64 chat_message values names file random parallel)
