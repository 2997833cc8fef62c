w2s_room_tests(base
  TOPICS base64 chat_message file machine names option parallel random table values)
