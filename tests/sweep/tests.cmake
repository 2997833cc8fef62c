w2s_room_tests(sweep
  TOPICS prompt_encoder steerability sweep_store sweep_store_crash sweep_store_merge executor_choice layer_shares minimal_executor
         rows_executor sweep sweep_plan
  RELEASED conformance
  LIBRARIES SQLite::SQLite3 nlohmann_json::nlohmann_json)
