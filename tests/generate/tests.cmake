w2s_room_tests(generate
  TOPICS layer_choice named_steering steering_request generation_engine generation_cache open_ended_evaluation
  RELEASED conformance isolation steering_effect
  LIBRARIES w2s_study nlohmann_json::nlohmann_json)
