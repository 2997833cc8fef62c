w2s_room_tests(paper
  TOPICS paper_numbers paper_tables)
