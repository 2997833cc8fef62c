# What `cmake --install` leaves: the program, and for programs of one's own the public headers, one shared library that has
# llama.cpp in it, and a package for find_package(w2s).

list(TRANSFORM room_libraries REPLACE "(.+)" "$<TARGET_OBJECTS:\\1>" OUTPUT_VARIABLE objects)
add_library(w2s_shared SHARED ${objects})
target_link_libraries(w2s_shared PRIVATE w2s_library)
set_target_properties(w2s_shared PROPERTIES OUTPUT_NAME w2s VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION})
if(NOT APPLE)
  # A program may have a llama.cpp of its own.
  target_link_options(w2s_shared PRIVATE -Wl,--exclude-libs,ALL)
endif()

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(w2s_library_file "${CMAKE_SHARED_LIBRARY_PREFIX}w2s${CMAKE_SHARED_LIBRARY_SUFFIX}")
set(package "${CMAKE_INSTALL_LIBDIR}/cmake/w2s")
configure_package_config_file(cmake/w2sConfig.cmake.in "${CMAKE_BINARY_DIR}/w2sConfig.cmake" INSTALL_DESTINATION "${package}"
                              PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_LIBDIR)
write_basic_package_version_file("${CMAKE_BINARY_DIR}/w2sConfigVersion.cmake" COMPATIBILITY SameMinorVersion)

install(TARGETS w2s RUNTIME)
install(TARGETS w2s_shared LIBRARY)
install(DIRECTORY include/w2s TYPE INCLUDE)
install(FILES "${CMAKE_BINARY_DIR}/w2sConfig.cmake" "${CMAKE_BINARY_DIR}/w2sConfigVersion.cmake" DESTINATION "${package}")
install(FILES LICENSE README.md CHANGELOG.md TYPE DOC)
