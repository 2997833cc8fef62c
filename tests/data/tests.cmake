w2s_room_tests(data
  TOPICS builtin content_hash folders json_slices preference_pairs prompt_variant selection split steering_bench text
  RELEASED mwe
  LIBRARIES nlohmann_json::nlohmann_json)
