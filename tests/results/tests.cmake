w2s_room_tests(results
  TOPICS encoder_choice layer_analysis prompt_texts results_folder stage_times)
