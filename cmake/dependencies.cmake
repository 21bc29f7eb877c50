# Finds every library, all of them from Debian trixie's packages. spdlog, toml++ and CLI11 are used by their headers alone:
# Debian's spdlog would drag in a shared libfmt, which a static binary cannot have.
set(Boost_USE_STATIC_LIBS ON)
set(OPENSSL_USE_STATIC_LIBS ON)
find_package(Boost 1.88 REQUIRED CONFIG COMPONENTS charconv json)
# Charconv names libquadmath, of which the linker would take the shared one; the binaries of the dev preset run in images that have none.
get_target_property(ORDINAL_CHARCONV_LIBRARIES Boost::charconv INTERFACE_LINK_LIBRARIES)
list(TRANSFORM ORDINAL_CHARCONV_LIBRARIES REPLACE "^quadmath$" "-l:libquadmath.a")
set_target_properties(Boost::charconv PROPERTIES INTERFACE_LINK_LIBRARIES "${ORDINAL_CHARCONV_LIBRARIES}")
find_package(OpenSSL REQUIRED)
find_package(Threads REQUIRED)
find_library(ORDINAL_CARES libcares.a REQUIRED)
find_path(ORDINAL_SPDLOG spdlog/spdlog.h REQUIRED)
find_path(ORDINAL_TOMLPLUSPLUS toml++/toml.hpp REQUIRED)
find_path(ORDINAL_CLI11 CLI/CLI.hpp REQUIRED)

# Boost's templates are compiled once, here, instead of in every file that includes them.
add_library(ordinal_boost STATIC ${CMAKE_SOURCE_DIR}/cmake/boost.cpp)
target_compile_definitions(ordinal_boost PUBLIC
  BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_MYSQL_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_STD_ALIGNED_ALLOC) # silences -Wmismatched-new-delete, a false alarm for coroutines at -O2
target_link_libraries(ordinal_boost PUBLIC Boost::headers Boost::charconv Boost::json OpenSSL::SSL OpenSSL::Crypto Threads::Threads)

add_library(ordinal_cares INTERFACE)
target_compile_definitions(ordinal_cares INTERFACE CARES_STATICLIB)
target_link_libraries(ordinal_cares INTERFACE ${ORDINAL_CARES})

add_library(ordinal_spdlog INTERFACE)
target_compile_definitions(ordinal_spdlog INTERFACE SPDLOG_USE_STD_FORMAT=1)

add_library(ordinal_toml INTERFACE)
target_compile_definitions(ordinal_toml INTERFACE TOML_HEADER_ONLY=1 TOML_EXCEPTIONS=0)
