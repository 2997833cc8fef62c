w2s_room_tests(study
  TOPICS encoder_choice encoders_of_a_study layer_analysis multi_layer_evaluation prompt_embeddings study prompt_texts
         stage_times ranks)
