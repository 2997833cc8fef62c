w2s_room_tests(study
  TOPICS encoders_of_a_study multi_layer_evaluation embed_prompts study study_cost ranks)
