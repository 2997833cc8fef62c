# A room is a static library of its own (w2s_<room>) that links only the rooms it may use, so that a dependency against
# the flow of data does not link.

add_library(w2s_options INTERFACE)
target_compile_options(w2s_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion -fno-math-errno)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  target_compile_options(w2s_options INTERFACE -Wno-restrict)  # false alarms in std::string (GCC bug 105651)
endif()
if(CMAKE_CXX_COMPILER_LAUNCHER AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(w2s_options INTERFACE -fpch-preprocess)  # without it ccache does not see precompiled headers
endif()
if(W2S_NATIVE)
  target_compile_options(w2s_options INTERFACE -march=native)
endif()
if(W2S_WARNINGS_AS_ERRORS)
  target_compile_options(w2s_options INTERFACE -Werror)
endif()
if(W2S_SANITIZE)
  target_compile_options(w2s_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(w2s_options INTERFACE -fsanitize=address,undefined)
  # In the stack frames that find uses after return, GCC puts what asks for 64 bytes where only 32 fit (GCC bug 110027).
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 14
     AND CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
    target_compile_options(w2s_options INTERFACE -mno-avx512f)
  endif()
endif()

# For what computes nothing for long: GCC needs half the time for sanitized code without optimisation.
function(w2s_leave_unoptimised target)
  if(W2S_SANITIZE)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# The standard library and fmt, which nearly every source includes, are parsed once for each way of compiling. What a
# source needs it still includes itself: `make lint` reads it without this.
set(w2s_standard_headers <algorithm> <array> <cmath> <cstddef> <cstdint> <filesystem> <functional> <map> <memory>
    <numeric> <optional> <set> <span> <string> <string_view> <utility> <variant> <vector> <fmt/format.h> <fmt/ranges.h>)

# w2s_precompile(NAME [UNOPTIMISED] [LIBRARIES library...] [HEADERS header...]): for targets that REUSE_FROM it.
function(w2s_precompile name)
  cmake_parse_arguments(OWN "UNOPTIMISED" "" "LIBRARIES;HEADERS" ${ARGN})
  set(source "${CMAKE_BINARY_DIR}/precompiled/${name}.cpp")
  file(CONFIGURE OUTPUT "${source}" CONTENT "// There is a library of precompiled headers only where there is a source.\n")
  add_library(${name} OBJECT "${source}")
  target_link_libraries(${name} PRIVATE w2s_options fmt::fmt ${OWN_LIBRARIES})
  target_precompile_headers(${name} PRIVATE ${w2s_standard_headers} ${OWN_HEADERS})
  if(OWN_UNOPTIMISED)
    w2s_leave_unoptimised(${name})
  endif()
endfunction()

w2s_precompile(w2s_precompiled)
w2s_precompile(w2s_precompiled_unoptimised UNOPTIMISED)

# w2s_room(NAME [UNOPTIMISED] SOURCES file... [USES library...] [HIDES library...])
# USES is what the room's users see as well, HIDES what only its own sources include; UNOPTIMISED: w2s_leave_unoptimised.
function(w2s_room name)
  cmake_parse_arguments(ROOM "UNOPTIMISED" "" "SOURCES;USES;HIDES" ${ARGN})
  add_library(w2s_${name} STATIC ${ROOM_SOURCES})
  add_library(w2s::${name} ALIAS w2s_${name})
  target_include_directories(w2s_${name} PUBLIC "${PROJECT_SOURCE_DIR}/include" PRIVATE "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(w2s_${name} PUBLIC w2s_options ${ROOM_USES} PRIVATE ${ROOM_HIDES})
  if(ROOM_UNOPTIMISED)
    w2s_leave_unoptimised(w2s_${name})
    target_precompile_headers(w2s_${name} REUSE_FROM w2s_precompiled_unoptimised)
  else()
    target_precompile_headers(w2s_${name} REUSE_FROM w2s_precompiled)
  endif()
endfunction()
