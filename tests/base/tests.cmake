w2s_room_tests(base
  TOPICS base64 values names file random parallel)
