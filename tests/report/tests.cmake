add_library(report_test_support STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/report/page_reader.cpp ${CMAKE_CURRENT_SOURCE_DIR}/report/study_of_two_behaviors.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/report/synthetic_reports.cpp ${CMAKE_CURRENT_SOURCE_DIR}/report/xml_reader.cpp)
target_include_directories(report_test_support PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(report_test_support PUBLIC w2s_report w2s_study w2s_test_support nlohmann_json::nlohmann_json
                      PRIVATE fmt::fmt GTest::gtest ZLIB::ZLIB)

w2s_room_tests(report
  TOPICS gather_report numbers_block script_engine
  RELEASED paper_figures render_report
  LIBRARIES report_test_support)

# What the tests in a browser look at.
add_executable(report_example_pages ${CMAKE_CURRENT_SOURCE_DIR}/report/example_pages.cpp)
target_link_libraries(report_example_pages PRIVATE report_test_support)
