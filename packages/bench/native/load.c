/*
 * Load generator: HTTP/1.1 over keep-alive connections on one thread, closed loop or at a fixed rate.
 *
 *   load port=N head=FILE body=FILE expect=FILE connections=N seconds=S [warm=S] [rate=PER_SECOND] [queue=N]
 *        [keys=FILE] [pids=A,B,...]
 *
 * HEAD is a whole request head; with KEYS (one bearer token a line, all of one length, the first standing in the
 * head) each request carries the next. Every 200 must carry exactly the bytes of EXPECT, transfer coding removed.
 * rate=0: each connection sends its next request when it has its answer. Otherwise requests fall due at even steps,
 * wait for a free connection (QUEUE of them at most, the rest is counted as unsent), and latency counts from the due
 * time. CPU time of PIDS is read where the window begins and ends. Prints one line of JSON; times in nanoseconds.
 */
#define _GNU_SOURCE
#include "chunked.h"
#include "common.h"
#include "histogram.h"

#define CONNECTIONS_MAX 8192
#define PIDS_MAX 64
#define DRAIN_NS 5000000000ull

struct connection {
  int fd, connected, busy, writing, retired;
  char *head;
  char answer[HEAD_MAX + 1];
  size_t answer_length, sent;
  int in_body, is_chunked, until_close, wrong, status;
  size_t left, at;
  struct chunked chunked;
  uint64_t due_ns, asked;
};

/* A client asks so often with its key before its connection goes to a client with another. */
enum { requests_of_a_key = 16 };

struct counts {
  uint64_t completed, right, mismatched, refused, failed, other;
};

static int port, connections = 64, key_count, pid_count;
static double seconds = 1, warm, rate;
static struct bytes head, body, expected, keys;
static size_t key_at, key_length, queue_max = 1000000;
static int pids[PIDS_MAX];

static struct connection *all[CONNECTIONS_MAX], *idle[CONNECTIONS_MAX];
static int idle_count, open_count, busy_count, poller, timer, issuing = 1;
static uint64_t next_key, unsent, began_ns, window_from, window_to, next_due, step_ns, rate_sent;
static uint64_t *queue, queue_head, queue_tail;
static struct counts total, in_window;
static struct histogram latency, first_byte;

static uint64_t cpu_us(void) {
  uint64_t ticks = 0;
  for (int i = 0; i < pid_count; i++) {
    char path[64], text[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pids[i]);
    int fd = open(path, O_RDONLY);
    if (fd < 0) fail("a measured process is gone");
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = 0;
    char *after_name = strrchr(text, ')');
    if (!after_name || sscanf(after_name + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel) != 2)
      fail("a measured process cannot be read");
    ticks += user + kernel;
  }
  return ticks * 1000000ull / (uint64_t)sysconf(_SC_CLK_TCK);
}

static void interest(struct connection *c, int writing) {
  if (c->writing == writing) return;
  c->writing = writing;
  struct epoll_event e = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &e);
}

static void open_socket(struct connection *c) {
  struct sockaddr_in address = loopback(port);
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) fail("no more sockets");
  no_delay(c->fd);
  if (connect(c->fd, (struct sockaddr *)&address, sizeof address) < 0 && errno != EINPROGRESS) fail("cannot connect");
  c->connected = 0;
  c->writing = 1;
  struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
  epoll_ctl(poller, EPOLL_CTL_ADD, c->fd, &e);
}

static struct connection *new_connection(void) {
  struct connection *c = calloc(1, sizeof *c);
  if (!c || !(c->head = malloc(head.length))) fail("out of memory");
  memcpy(c->head, head.at, head.length);
  all[open_count++] = c;
  open_socket(c);
  return c;
}

static void done(struct connection *c);

/* Counts the end of one exchange. kind: a member of struct counts. */
static void count(size_t kind) {
  uint64_t now = now_ns();
  struct counts *where[2] = {&total, now >= window_from && now < window_to ? &in_window : NULL};
  for (int i = 0; i < 2; i++)
    if (where[i]) {
      where[i]->completed++;
      ++*(uint64_t *)((char *)where[i] + kind);
    }
}

static void broken(struct connection *c) {
  int was_busy = c->busy;
  close(c->fd);
  if (was_busy) count(offsetof(struct counts, failed));
  open_socket(c);
  if (was_busy) done(c);
}

static void write_more(struct connection *c) {
  if (!c->connected) return;
  while (c->sent < head.length + body.length) {
    struct iovec parts[2];
    int n = 0;
    if (c->sent < head.length) parts[n++] = (struct iovec){c->head + c->sent, head.length - c->sent};
    size_t in_body = c->sent > head.length ? c->sent - head.length : 0;
    parts[n++] = (struct iovec){body.at + in_body, body.length - in_body};
    ssize_t wrote = writev(c->fd, parts, n);
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0 && errno == EAGAIN) {
      interest(c, 1);
      return;
    }
    if (wrote < 0) {
      /* The answer may be here already: reading tells. */
      interest(c, 0);
      return;
    }
    c->sent += (size_t)wrote;
  }
  interest(c, 0);
}

static void start(struct connection *c, uint64_t due_ns) {
  if (key_count && c->asked++ % requests_of_a_key == 0) {
    memcpy(c->head + key_at, keys.at + (next_key % (uint64_t)key_count) * (key_length + 1), key_length);
    next_key++;
  }
  c->busy = 1;
  busy_count++;
  c->due_ns = due_ns;
  c->sent = c->answer_length = c->at = 0;
  c->in_body = c->wrong = 0;
  write_more(c);
}

/* After one exchange: the next one, or rest. */
static void done(struct connection *c) {
  c->busy = 0;
  busy_count--;
  if (issuing && rate == 0) start(c, now_ns());
  else if (issuing && queue_head != queue_tail) start(c, queue[queue_head++ % queue_max]);
  else idle[idle_count++] = c;
}

static void finish(struct connection *c) {
  uint64_t now = now_ns();
  int right = !c->wrong && c->at == expected.length;
  if (c->status == 200) count(right ? offsetof(struct counts, right) : offsetof(struct counts, mismatched));
  else count(c->status == 503 ? offsetof(struct counts, refused) : offsetof(struct counts, other));
  if (c->status == 200 && c->due_ns >= window_from && c->due_ns < window_to) record(&latency, now - c->due_ns);
  const char *connection = header(c->answer, "connection");
  int closes = c->until_close || (connection && strncasecmp(connection, "close", 5) == 0);
  if (closes || c->sent < head.length + body.length) {
    close(c->fd);
    open_socket(c);
  }
  done(c);
}

static void payload(struct connection *c, const char *at, size_t n) {
  if (n == 0 || c->status != 200) return;
  if (c->at == 0 && c->due_ns >= window_from && c->due_ns < window_to) record(&first_byte, now_ns() - c->due_ns);
  if (c->at + n > expected.length || memcmp(expected.at + c->at, at, n) != 0) c->wrong = 1;
  c->at += n;
}

/* Reads a head up to its empty line. Returns the bytes consumed, or -1. */
static ssize_t take_head(struct connection *c, const char *in, size_t n) {
  size_t before = c->answer_length;
  size_t take = n < HEAD_MAX - before ? n : HEAD_MAX - before;
  memcpy(c->answer + before, in, take);
  c->answer[before + take] = 0;
  char *end = strstr(c->answer + (before > 3 ? before - 3 : 0), "\r\n\r\n");
  c->answer_length = before + take;
  if (!end) return c->answer_length == HEAD_MAX ? -1 : (ssize_t)take;
  size_t whole = (size_t)(end + 4 - c->answer);
  c->answer[whole] = 0;
  if (sscanf(c->answer, "HTTP/1.%*d %d", &c->status) != 1) return -1;
  if (c->status < 200) {
    c->answer_length = 0;
    return (ssize_t)(whole - before);
  }
  const char *length = header(c->answer, "content-length");
  const char *coding = header(c->answer, "transfer-encoding");
  memset(&c->chunked, 0, sizeof c->chunked);
  c->is_chunked = coding && strncasecmp(coding, "chunked", 7) == 0;
  c->until_close = !c->is_chunked && !length;
  c->left = length ? strtoull(length, NULL, 10) : 0;
  c->in_body = 1;
  return (ssize_t)(whole - before);
}

/* Feeds what was read. Returns 1 when the answer is whole, 0 for more, -1 when it makes no sense. */
static int feed(struct connection *c, const char *in, size_t n) {
  while (!c->in_body) {
    if (n == 0) return 0;
    ssize_t took = take_head(c, in, n);
    if (took < 0) return -1;
    in += took;
    n -= (size_t)took;
  }
  if (c->is_chunked) {
    while (n && c->chunked.state != CHUNK_DONE) {
      const char *at = in;
      size_t length = 0, took = chunked_next(&c->chunked, in, n, &at, &length);
      payload(c, at, length);
      if (c->chunked.state == CHUNK_BROKEN) return -1;
      in += took;
      n -= took;
    }
    return c->chunked.state == CHUNK_DONE;
  }
  if (c->until_close) {
    payload(c, in, n);
    return 0;
  }
  size_t take = n < c->left ? n : c->left;
  payload(c, in, take);
  c->left -= take;
  return c->left == 0;
}

static void readable(struct connection *c) {
  static char buffer[262144];
  ssize_t n = recv(c->fd, buffer, sizeof buffer, 0);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n == 0 && c->busy && c->in_body && c->until_close) {
    finish(c);
    return;
  }
  if (n <= 0) {
    broken(c);
    return;
  }
  if (!c->busy) {
    total.other++;
    return;
  }
  int whole = feed(c, buffer, (size_t)n);
  if (whole < 0) broken(c);
  else if (whole) finish(c);
}

static void writable(struct connection *c) {
  if (!c->connected) {
    int error = 0;
    socklen_t size = sizeof error;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error) fail("nothing listens on the port");
    c->connected = 1;
  }
  if (c->busy) write_more(c);
  else interest(c, 0);
}

/* Starts what has fallen due. */
static void fall_due(uint64_t now) {
  while (issuing && next_due <= now) {
    struct connection *c = idle_count ? idle[--idle_count] : open_count < connections ? new_connection() : NULL;
    if (c) start(c, next_due);
    else if (queue_tail - queue_head < queue_max) queue[queue_tail++ % queue_max] = next_due;
    else unsent++;
    rate_sent++;
    next_due = began_ns + rate_sent * step_ns;
  }
}

static void read_arguments(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    char *value = strchr(argv[i], '=');
    if (!value) fail("an argument has no value");
    *value++ = 0;
    const char *name = argv[i];
    if (!strcmp(name, "port")) port = atoi(value);
    else if (!strcmp(name, "head")) head = read_whole(value);
    else if (!strcmp(name, "body")) body = read_whole(value);
    else if (!strcmp(name, "expect")) expected = read_whole(value);
    else if (!strcmp(name, "keys")) keys = read_whole(value);
    else if (!strcmp(name, "connections")) connections = atoi(value);
    else if (!strcmp(name, "seconds")) seconds = atof(value);
    else if (!strcmp(name, "warm")) warm = atof(value);
    else if (!strcmp(name, "rate")) rate = atof(value);
    else if (!strcmp(name, "queue")) queue_max = strtoull(value, NULL, 10);
    else if (!strcmp(name, "pids"))
      for (char *at = strtok(value, ","); at && pid_count < PIDS_MAX; at = strtok(NULL, ",")) pids[pid_count++] = atoi(at);
    else fail("an argument is unknown");
  }
  if (!port || !head.length || !expected.at || connections < 1 || connections > CONNECTIONS_MAX || queue_max < 1)
    fail("usage: see the head of load.c");
  if (!keys.length) return;
  key_length = strcspn(keys.at, "\n");
  key_count = (int)(keys.length / (key_length + 1));
  char *found = memmem(head.at, head.length, keys.at, key_length);
  if (!found) fail("the first key is not in the head");
  key_at = (size_t)(found - head.at);
}

static void print_counts(const char *name, struct counts c) {
  printf("\"%s\":{\"completed\":%lu,\"right\":%lu,\"mismatched\":%lu,\"refused\":%lu,\"failed\":%lu,\"other\":%lu},", name,
         c.completed, c.right, c.mismatched, c.refused, c.failed, c.other);
}

/* Sleeps until a socket or the next due time, and serves what is ready. */
static void turn(uint64_t wake_ns) {
  static struct epoll_event ready[512];
  arm(timer, wake_ns);
  int n = epoll_wait(poller, ready, 512, -1);
  for (int i = 0; i < n; i++) {
    struct connection *c = ready[i].data.ptr;
    if (!c) {
      uint64_t expirations;
      if (read(timer, &expirations, sizeof expirations) < 0) continue;
      continue;
    }
    int fd = c->fd;
    if (ready[i].events & EPOLLOUT) writable(c);
    if (c->fd == fd && ready[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) readable(c);
  }
}

int main(int argc, char **argv) {
  end_with_parent();
  read_arguments(argc, argv);
  queue = malloc(queue_max * sizeof *queue);
  if (!queue) fail("out of memory");
  poller = epoll_create1(EPOLL_CLOEXEC);
  timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct epoll_event timer_event = {.events = EPOLLIN, .data.ptr = NULL};
  epoll_ctl(poller, EPOLL_CTL_ADD, timer, &timer_event);
  uint64_t cpu_from = 0, cpu_to = 0, now = now_ns();
  int in = 0;
  began_ns = now;
  window_from = now + (uint64_t)(warm * 1e9);
  window_to = window_from + (uint64_t)(seconds * 1e9);
  step_ns = rate > 0 ? (uint64_t)(1e9 / rate) : 0;
  next_due = rate > 0 ? began_ns : UINT64_MAX;
  if (rate == 0)
    while (open_count < connections) start(new_connection(), now);
  for (now = now_ns(); now < window_to + DRAIN_NS && (issuing || busy_count); now = now_ns()) {
    if (!in && now >= window_from) {
      in = 1;
      window_from = now;
      cpu_from = cpu_us();
    }
    if (issuing && now >= window_to) {
      issuing = 0;
      window_to = now;
      cpu_to = cpu_us();
      continue;
    }
    fall_due(now);
    uint64_t edge = !in ? window_from : issuing ? window_to : window_to + DRAIN_NS;
    turn(issuing && next_due < edge ? next_due : edge);
  }
  printf("{\"window_ns\":%lu,\"cpu_us\":%lu,\"unsent\":%lu,\"queued\":%lu,\"unanswered\":%d,", window_to - window_from,
         cpu_to - cpu_from, unsent, queue_tail - queue_head, busy_count);
  print_counts("total", total);
  print_counts("window", in_window);
  print_histogram("latency_ns", &latency);
  putchar(',');
  print_histogram("first_byte_ns", &first_byte);
  puts("}");
  return 0;
}
