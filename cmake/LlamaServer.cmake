# llama.cpp's server as the target llama-server, from the source and the libraries that w2s uses, kept out of every
# other target. Its web page is left out, and what only pictures and sounds need is not optimised: it is compiled soon.
set(llama_source "${llama_include}/..")
set(llama_ui "${PROJECT_BINARY_DIR}/llama-ui")

# The tables of the web page's files, which are generated: without a file.
set(N_ASSETS 0)
set(USE_GZIP false)
foreach(file ui.h ui.cpp)
  configure_file("${llama_source}/tools/ui/${file}.in" "${llama_ui}/${file}" @ONLY)
endforeach()

file(GLOB llama_server_sources "${llama_source}/tools/server/*.cpp" "${llama_source}/tools/mtmd/*.cpp"
     "${llama_source}/tools/mtmd/models/*.cpp" "${llama_source}/vendor/hash/*.cpp" "${llama_source}/vendor/hash/*/*.c")
list(FILTER llama_server_sources EXCLUDE REGEX "/mtmd/(mtmd-cli|deprecation-warning)\\.cpp$")
set_source_files_properties("${llama_source}/vendor/hash/sha1/sha1.c" PROPERTIES LANGUAGE CXX)
set(llama_multimodal_sources ${llama_server_sources})
list(FILTER llama_multimodal_sources INCLUDE REGEX "/mtmd/")
set_source_files_properties(${llama_multimodal_sources} PROPERTIES COMPILE_OPTIONS -O0)

add_executable(llama-server EXCLUDE_FROM_ALL ${llama_server_sources} "${llama_ui}/ui.cpp")
target_compile_options(llama-server PRIVATE -w)
target_include_directories(llama-server PRIVATE "${llama_source}" "${llama_source}/tools/server"
                           "${llama_source}/tools/mtmd" "${llama_source}/vendor" "${llama_source}/vendor/hash"
                           "${llama_ui}")
target_link_libraries(llama-server PRIVATE llama.cpp::llama-common llama.cpp::llama)
