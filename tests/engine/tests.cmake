w2s_room_tests(engine
  TOPICS chat_template steering_operator control_vector decoder embedding_model model prompt_reader sampler tensor_file
         text_stream
  RELEASED layerwise_model
  LIBRARIES w2s_vectors llama.cpp::llama llama.cpp::llama-common)
