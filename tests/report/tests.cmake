add_library(report_test_support STATIC
  ${CMAKE_CURRENT_SOURCE_DIR}/report/page_reader.cpp ${CMAKE_CURRENT_SOURCE_DIR}/report/study_of_two_behaviors.cpp
  ${CMAKE_CURRENT_SOURCE_DIR}/report/synthetic_reports.cpp ${CMAKE_CURRENT_SOURCE_DIR}/report/xml_reader.cpp)
target_include_directories(report_test_support PUBLIC ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/tests)
target_link_libraries(report_test_support PUBLIC w2s_report w2s_test_support nlohmann_json::nlohmann_json
                      PRIVATE fmt::fmt GTest::gtest ZLIB::ZLIB)

w2s_test(report gather_report report_test_support)
w2s_test(report numbers_block)
w2s_test(report paper_figures report_test_support)
w2s_test(report render_report report_test_support)
target_compile_definitions(report_render_report_test PRIVATE W2S_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
w2s_test(report script_engine)

# What the tests in a browser look at.
add_executable(report_example_pages ${CMAKE_CURRENT_SOURCE_DIR}/report/example_pages.cpp)
target_link_libraries(report_example_pages PRIVATE report_test_support)
