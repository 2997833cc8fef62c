add_library(w2s_test_process STATIC ${CMAKE_CURRENT_SOURCE_DIR}/cli/process.cpp)
target_link_libraries(w2s_test_process PRIVATE w2s_base w2s_test_support)
target_compile_definitions(w2s_test_process PRIVATE W2S_PROGRAM="$<TARGET_FILE:w2s>")
add_dependencies(w2s_test_process w2s)

w2s_room_tests(cli
  TOPICS progress_bar command_line program outcome_report output sweep_report source_report
         example1_command eval stop_signals chat generate
  RELEASED bad_input encoders exchange experiment methods mpirun options report rpc serve table_files waiting_threads
           whole_job
  LIBRARIES CLI11::CLI11 w2s_test_servers w2s_test_process)
