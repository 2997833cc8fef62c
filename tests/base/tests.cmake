w2s_room_tests(base
  TOPICS base64 chat_message file names option parallel random table values)
