w2s_room_tests(experiment
  TOPICS example1 experiment experiment_config paper_numbers paper_tables)
