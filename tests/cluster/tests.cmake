w2s_room_tests(cluster
  TOPICS launcher cores)
