w2s_room_tests(eval
  TOPICS bootstrap evaluation example1 results_json)
