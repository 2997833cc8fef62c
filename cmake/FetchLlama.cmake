# Makes llama.cpp's targets available as llama.cpp::llama and llama.cpp::llama-common.
#
# The pinned source release is downloaded, checked by its hash and built once for each set of flags into a cache
# outside the repository. -DW2S_LLAMA_SOURCE_DIR=DIR uses another source tree, built inside this build folder.

set(W2S_LLAMA_VERSION 0.3.36)
set(W2S_LLAMA_SHA256 832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e)

set(W2S_LLAMA_SOURCE_DIR "" CACHE PATH "llama.cpp source tree to use instead of the pinned release")
set(W2S_LLAMA_OPTIONS "" CACHE STRING "further CMake options for llama.cpp, for instance -DGGML_CUDA=ON")

function(w2s_cache_folder out)
  execute_process(COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/scripts/cache-folder.sh"
                  OUTPUT_VARIABLE folder OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
  set(${out} "${folder}" PARENT_SCOPE)
endfunction()

# What the compiled code depends on besides its source: a build with -march=native must not meet another CPU.
function(w2s_llama_build_key out)
  set(cpu "${CMAKE_HOST_SYSTEM_PROCESSOR}")
  if(EXISTS /proc/cpuinfo)
    file(STRINGS /proc/cpuinfo flags REGEX "^(flags|Features)" LIMIT_COUNT 1)
    string(APPEND cpu "${flags}")
  endif()
  file(SHA256 "${CMAKE_CURRENT_SOURCE_DIR}/cmake/llama/CMakeLists.txt" recipe)
  string(SHA256 key "${W2S_LLAMA_SHA256};${W2S_LLAMA_OPTIONS};${CMAKE_C_COMPILER};${CMAKE_CXX_COMPILER_ID};${CMAKE_CXX_COMPILER_VERSION};${cpu};${recipe}")
  string(SUBSTRING "${key}" 0 12 key)
  set(${out} "${key}" PARENT_SCOPE)
endfunction()

function(w2s_fetch_llama_source out)
  w2s_cache_folder(cache)
  set(archive "${cache}/downloads/llama_cpp_python-${W2S_LLAMA_VERSION}.tar.gz")
  set(unpacked "${cache}/llama.cpp-${W2S_LLAMA_VERSION}")
  set(source "${unpacked}/llama_cpp_python-${W2S_LLAMA_VERSION}/vendor/llama.cpp")
  if(NOT EXISTS "${unpacked}/complete")
    execute_process(
      COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/scripts/fetch-pypi.sh" llama-cpp-python==${W2S_LLAMA_VERSION}
              ${W2S_LLAMA_SHA256} "${archive}" --no-binary llama-cpp-python
      COMMAND_ERROR_IS_FATAL ANY)
    file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${unpacked}")
    file(TOUCH "${unpacked}/complete")
  endif()
  set(${out} "${source}" PARENT_SCOPE)
endfunction()

function(w2s_build_llama source build)
  message(STATUS "building llama.cpp in ${build} (about 6 CPU minutes, once)")
  separate_arguments(options NATIVE_COMMAND "${W2S_LLAMA_OPTIONS}")
  execute_process(
    COMMAND "${CMAKE_COMMAND}" -S "${CMAKE_CURRENT_SOURCE_DIR}/cmake/llama" -B "${build}" -G Ninja
            -DCMAKE_BUILD_TYPE=Release -DW2S_LLAMA_SOURCE_DIR=${source}
            -DCMAKE_C_COMPILER=${CMAKE_C_COMPILER} -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} ${options}
    OUTPUT_QUIET COMMAND_ERROR_IS_FATAL ANY)
  execute_process(COMMAND "${CMAKE_COMMAND}" --build "${build}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()

function(w2s_provide_llama)
  if(W2S_LLAMA_SOURCE_DIR)
    set(build "${CMAKE_BINARY_DIR}/llama.cpp")
    w2s_build_llama("${W2S_LLAMA_SOURCE_DIR}" "${build}")
  else()
    w2s_cache_folder(cache)
    w2s_llama_build_key(key)
    set(build "${cache}/llama.cpp-${W2S_LLAMA_VERSION}-${key}")
    file(MAKE_DIRECTORY "${cache}")
    file(LOCK "${cache}/lock" GUARD FUNCTION)
    if(NOT EXISTS "${build}/complete")
      w2s_fetch_llama_source(source)
      w2s_build_llama("${source}" "${build}")
      file(TOUCH "${build}/complete")
    endif()
  endif()
  set(W2S_LLAMA_TARGETS "${build}/w2s-llama-targets.cmake" PARENT_SCOPE)
endfunction()

find_package(Threads REQUIRED)
find_package(OpenMP)
w2s_provide_llama()
include("${W2S_LLAMA_TARGETS}")

# cpp-httplib comes with llama.cpp, whose llama-common links it: the system's beside it would be a second one of the same
# names in one program. The header's own folder, because the one above it has a nlohmann-json of another version.
get_target_property(w2s_llama_include llama.cpp::llama INTERFACE_INCLUDE_DIRECTORIES)
list(GET w2s_llama_include 0 w2s_llama_include)
add_library(w2s_httplib INTERFACE)
target_include_directories(w2s_httplib SYSTEM INTERFACE "${w2s_llama_include}/../vendor/cpp-httplib")
target_link_libraries(w2s_httplib INTERFACE llama.cpp::cpp-httplib)
