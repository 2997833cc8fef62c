# Makes the JavaScript engine QuickJS-ng available as quickjs::quickjs, which draws the paper's figures.
#
# The pinned source release comes from the Python package "quickjs-ng" and is compiled with w2s, a quarter of a minute.
# -DW2S_QUICKJS_SOURCE_DIR=DIR uses another source tree.

set(W2S_QUICKJS_VERSION 0.17.0.2)
set(W2S_QUICKJS_SHA256 43d2e48272208721a7aaea8e3f02d4b9318f12ef20cc4f5421b59d9a470706ef)

set(W2S_QUICKJS_SOURCE_DIR "" CACHE PATH "QuickJS-ng source tree to use instead of the pinned release")

function(w2s_fetch_quickjs out)
  w2s_cache_folder(cache)
  set(archive "${cache}/downloads/quickjs_ng-${W2S_QUICKJS_VERSION}.tar.gz")
  set(unpacked "${cache}/quickjs-ng-${W2S_QUICKJS_VERSION}")
  set(source "quickjs_ng-${W2S_QUICKJS_VERSION}/upstream-quickjs")
  file(MAKE_DIRECTORY "${cache}")
  file(LOCK "${cache}/lock" GUARD FUNCTION)
  if(NOT EXISTS "${unpacked}/complete")
    execute_process(
      COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/scripts/fetch-pypi.sh" quickjs-ng==${W2S_QUICKJS_VERSION}
              ${W2S_QUICKJS_SHA256} "${archive}" --no-binary quickjs-ng
      COMMAND_ERROR_IS_FATAL ANY)
    file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${unpacked}" PATTERNS ${source}/*)
    file(TOUCH "${unpacked}/complete")
  endif()
  set(${out} "${unpacked}/${source}" PARENT_SCOPE)
endfunction()

if(W2S_QUICKJS_SOURCE_DIR)
  set(quickjs_source "${W2S_QUICKJS_SOURCE_DIR}")
else()
  w2s_fetch_quickjs(quickjs_source)
endif()
add_library(w2s_quickjs STATIC EXCLUDE_FROM_ALL "${quickjs_source}/quickjs.c" "${quickjs_source}/libregexp.c"
            "${quickjs_source}/libunicode.c" "${quickjs_source}/dtoa.c")
add_library(quickjs::quickjs ALIAS w2s_quickjs)
target_include_directories(w2s_quickjs SYSTEM PUBLIC "${quickjs_source}")
target_compile_definitions(w2s_quickjs PRIVATE _GNU_SOURCE)
target_compile_options(w2s_quickjs PRIVATE -w -O2)
set_target_properties(w2s_quickjs PROPERTIES C_STANDARD 11 EXPORT_COMPILE_COMMANDS OFF)
target_link_libraries(w2s_quickjs PRIVATE Threads::Threads $<$<PLATFORM_ID:Linux>:m>)
