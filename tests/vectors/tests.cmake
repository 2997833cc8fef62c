w2s_room_tests(vectors
  TOPICS representations vector_source steering_methods pca logistic prompt_condition cast
         tokenized_sample csv l2s npz vector_exchange
  RELEASED greedy_answer
  LIBRARIES nlohmann_json::nlohmann_json)
