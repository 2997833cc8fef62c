# Makes umappp and the small libraries it needs available as umappp::umappp: headers alone.
#
# They come with the pinned release of the Python package "assorthead". Its own Eigen 5 is left out: two versions of
# Eigen must not meet in one program. -DW2S_UMAPPP_INCLUDE_DIR=DIR uses other headers.

set(W2S_ASSORTHEAD_VERSION 0.2.2)
set(W2S_ASSORTHEAD_SHA256 671c0d71241bc667589761f5f04bc47f318a049b6044374559e6c082ca6999c1)

set(W2S_UMAPPP_INCLUDE_DIR "" CACHE PATH "folder with umappp/, knncolle/, irlba/, ... to use instead of the pinned release")

function(w2s_fetch_umappp out)
  w2s_cache_folder(cache)
  set(archive "${cache}/downloads/assorthead-${W2S_ASSORTHEAD_VERSION}.tar.gz")
  set(unpacked "${cache}/assorthead-${W2S_ASSORTHEAD_VERSION}")
  set(include "assorthead-${W2S_ASSORTHEAD_VERSION}/src/assorthead/include")
  file(MAKE_DIRECTORY "${cache}")
  file(LOCK "${cache}/lock" GUARD FUNCTION)
  if(NOT EXISTS "${unpacked}/complete")
    execute_process(
      COMMAND "${CMAKE_CURRENT_SOURCE_DIR}/scripts/fetch-pypi.sh" assorthead==${W2S_ASSORTHEAD_VERSION}
              ${W2S_ASSORTHEAD_SHA256} "${archive}" --no-binary assorthead
      COMMAND_ERROR_IS_FATAL ANY)
    file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${unpacked}"
         PATTERNS ${include}/umappp/* ${include}/knncolle/* ${include}/irlba/* ${include}/subpar/* ${include}/aarand/*
                  ${include}/sanisizer/*)
    file(TOUCH "${unpacked}/complete")
  endif()
  set(${out} "${unpacked}/${include}" PARENT_SCOPE)
endfunction()

if(W2S_UMAPPP_INCLUDE_DIR)
  set(umappp_include "${W2S_UMAPPP_INCLUDE_DIR}")
else()
  w2s_fetch_umappp(umappp_include)
endif()
add_library(umappp::umappp INTERFACE IMPORTED)
target_include_directories(umappp::umappp SYSTEM INTERFACE "${umappp_include}")
