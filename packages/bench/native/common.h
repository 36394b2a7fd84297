/* What the mock provider and the load generator share: the clock, sockets, heads, errors. */
#ifndef LETHE_BENCH_COMMON_H
#define LETHE_BENCH_COMMON_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define HEAD_MAX 16384

struct bytes {
  char *at;
  size_t length;
};

static inline void fail(const char *what) {
  fprintf(stderr, "%s\n", what);
  exit(1);
}

static inline uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

/* Arms an absolute timer; 0 disarms it. */
static inline void arm(int timer, uint64_t at_ns) {
  struct itimerspec spec;
  memset(&spec, 0, sizeof spec);
  spec.it_value.tv_sec = (time_t)(at_ns / 1000000000ull);
  spec.it_value.tv_nsec = (long)(at_ns % 1000000000ull);
  timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, NULL);
}

static inline struct bytes read_whole(const char *path) {
  struct stat info;
  struct bytes out;
  int fd = open(path, O_RDONLY);
  if (fd < 0 || fstat(fd, &info) < 0) fail("a file could not be opened");
  out.length = (size_t)info.st_size;
  out.at = malloc(out.length + 1);
  if (!out.at) fail("out of memory");
  for (size_t got = 0; got < out.length;) {
    ssize_t n = read(fd, out.at + got, out.length - got);
    if (n <= 0) fail("a file could not be read");
    got += (size_t)n;
  }
  out.at[out.length] = 0;
  close(fd);
  return out;
}

static inline void no_delay(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

static inline struct sockaddr_in loopback(int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof address);
  address.sin_family = AF_INET;
  address.sin_port = htons((uint16_t)port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

/* The value of a header in a head that ends with an empty line; NULL when absent. Names are lower case. */
static inline const char *header(const char *head, const char *name) {
  size_t length = strlen(name);
  for (const char *line = strchr(head, '\n'); line; line = strchr(line + 1, '\n')) {
    if (strncasecmp(line + 1, name, length) == 0 && line[1 + length] == ':') {
      const char *value = line + 2 + length;
      while (*value == ' ') value++;
      return value;
    }
  }
  return NULL;
}

/* Ends with its launcher, whatever ends that. */
static inline void end_with_parent(void) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
}

#endif
