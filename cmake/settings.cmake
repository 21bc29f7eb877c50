# Flags: warnings as errors for our own code, sanitizers and static linking for everything.
add_library(ordinal_warnings INTERFACE)
target_compile_options(ordinal_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast -Wnon-virtual-dtor -Wuseless-cast -Werror
  -Wno-missing-field-initializers) # a designated initialiser leaves out what has a default on purpose

add_compile_options(-ffunction-sections -fdata-sections)
add_link_options(-Wl,--gc-sections)

if(ORDINAL_SANITIZE)
  if(ORDINAL_STATIC)
    message(FATAL_ERROR "The sanitizers need a dynamic binary: ORDINAL_SANITIZE and ORDINAL_STATIC exclude each other.")
  endif()
  add_compile_options(-fsanitize=${ORDINAL_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # The pod tests run this binary in the MySQL image, which has a libc and nothing else of ours.
  add_link_options(-fsanitize=${ORDINAL_SANITIZE} -static-libstdc++ -static-libgcc)
  if(ORDINAL_SANITIZE MATCHES "address")
    add_link_options(-static-libasan -static-libubsan)
  elseif(ORDINAL_SANITIZE MATCHES "thread")
    add_compile_options(-Wno-tsan) # Asio uses fences, of which TSan knows nothing; one thread needs none
    # A false alarm about coroutine frames at -O1, in Boost.Align, which BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC does not reach here.
    add_compile_options(-Wno-mismatched-new-delete)
    add_link_options(-static-libtsan)
  endif()
endif()

if(ORDINAL_STATIC)
  set(CMAKE_POSITION_INDEPENDENT_CODE ON)
  add_compile_options(-fPIE)
  add_link_options(-static-pie -Wl,-z,pack-relative-relocs)
endif()
