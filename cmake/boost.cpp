// The one translation unit with Boost's bodies. It must hold nothing else.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
#include <boost/mysql/src.hpp>
