w2s_room_tests(experiment
  TOPICS experiment experiment_config)
