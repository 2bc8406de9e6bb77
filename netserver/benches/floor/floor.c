/* What a server costs at least: accept4, read, write and close, by hand. No log, no access rules, no
 * time limits, no errors, no end.
 *
 * floor MODE [-n CHILDREN] [-P PORTS] [-u PATH] [-k] [-f]
 *  single   one process
 *  fork     a child for each connection
 *  prefork  children that wait in accept4, on one port
 *  epollex  the same on many ports, by EPOLLEXCLUSIVE
 *  threads  threads that wait in accept4
 *  epoll    one event loop
 *  udp      recvfrom, sendto
 *
 * Without -k a connection has one line, with it a client goes on until it ends. -f: clients speak
 * first (TCP_DEFER_ACCEPT), and the end of a connection leaves with its last bytes (MSG_MORE).
 * Listens on ports of 127.0.0.1 that the kernel chooses, or on a path. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PORTS = 1024, EVENTS = 256, AT_ONCE = 16, STACK = 65536 };

static int children = 8, ports = 1, keep, first;
static char *path;
static int listeners[PORTS];

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int bound(int type)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(path ? AF_UNIX : AF_INET, type | SOCK_CLOEXEC, 0);
	if (fd < 0) die("socket");
	if (path) strncpy(un.sun_path, path, sizeof un.sun_path - 1);
	if (path ? bind(fd, (void *)&un, sizeof un) : bind(fd, (void *)&in, sizeof in)) die("bind");
	return fd;
}

static int listener(int type)
{
	int fd = bound(type), second = 1, off = 0;
	if (type != SOCK_STREAM) return fd;
	if (first) setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &second, sizeof second);
	if (listen(fd, 4096)) die("listen");
	if (first) setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off);
	return fd;
}

/* The address is asked for, as every server does that has a log or access rules. */
static int accepted(int listener, int flags)
{
	struct sockaddr_storage peer;
	socklen_t size = sizeof peer;
	int fd;
	do fd = accept4(listener, (void *)&peer, &size, SOCK_CLOEXEC | flags);
	while (fd < 0 && (errno == EINTR || errno == ECONNABORTED));
	return fd;
}

/* Whether the connection is over. */
static int answer(int fd, const char *bytes, int count)
{
	int last = !keep && bytes[count - 1] == '\n';
	int sent = first && last ? send(fd, bytes, count, MSG_NOSIGNAL | MSG_MORE)
				 : write(fd, bytes, count);
	return sent < 0 || last;
}

static void serve(int fd)
{
	char bytes[16384];
	int count;
	if (fd < 0) return;
	while ((count = read(fd, bytes, sizeof bytes)) > 0 && !answer(fd, bytes, count));
	close(fd);
}

static void by_accept(void)
{
	for (;;) serve(accepted(listeners[0], 0));
}

static void *by_thread(void *unused)
{
	(void)unused;
	by_accept();
	return NULL;
}

static int watched(unsigned events)
{
	int loop = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < ports; i++) {
		struct epoll_event event = { .events = events, .data.fd = listeners[i] };
		fcntl(listeners[i], F_SETFL, O_NONBLOCK);
		if (epoll_ctl(loop, EPOLL_CTL_ADD, listeners[i], &event)) die("epoll_ctl");
	}
	return loop;
}

static void by_epoll(void)
{
	struct epoll_event event;
	int loop = watched(EPOLLIN | EPOLLEXCLUSIVE);
	for (;;)
		if (epoll_wait(loop, &event, 1, -1) == 1) serve(accepted(event.data.fd, 0));
}

static void pool(void (*work)(void))
{
	for (int i = 0; i < children; i++) {
		int pid = fork();
		if (pid < 0) die("fork");
		if (!pid) {
			prctl(PR_SET_PDEATHSIG, SIGTERM);
			work();
		}
	}
	for (;;) pause();
}

static void forking(void)
{
	for (;;) {
		int fd = accepted(listeners[0], 0);
		if (fd < 0) continue;
		if (!fork()) {
			serve(fd);
			_exit(0);
		}
		close(fd);
		while (waitpid(-1, NULL, WNOHANG) > 0);
	}
}

static void threads(void)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, STACK);
	for (int i = 0; i < children; i++) pthread_create(&thread, &small, by_thread, NULL);
	for (;;) pause();
}

/* The first bytes are often there before the loop would say so. */
static void welcome(int loop, int listener, char *bytes, int size)
{
	for (int i = 0; i < AT_ONCE; i++) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd < 0) return;
		int count = read(fd, bytes, size);
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };
		if (count < 0 || (count > 0 && !answer(fd, bytes, count)))
			epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
		else
			close(fd);
	}
}

static void looping(void)
{
	static char bytes[65536];
	struct epoll_event events[EVENTS];
	int loop = watched(EPOLLIN);
	for (;;) {
		int ready = epoll_wait(loop, events, EVENTS, -1);
		for (int i = 0; i < ready; i++) {
			int fd = events[i].data.fd;
			if (fd == listeners[0]) {
				welcome(loop, fd, bytes, sizeof bytes);
				continue;
			}
			int count = read(fd, bytes, sizeof bytes);
			if (count < 0 && errno == EAGAIN) continue;
			if (count <= 0 || answer(fd, bytes, count)) close(fd);
		}
	}
}

static void datagrams(void)
{
	static char bytes[65536];
	for (;;) {
		struct sockaddr_in peer;
		socklen_t size = sizeof peer;
		int count = recvfrom(listeners[0], bytes, sizeof bytes, 0, (void *)&peer, &size);
		if (count >= 0) sendto(listeners[0], bytes, count, 0, (void *)&peer, size);
	}
}

int main(int count, char **words)
{
	int option;
	if (count < 2) return 2;
	char *mode = words[1];
	optind = 2;
	while ((option = getopt(count, words, "n:P:u:kf")) != -1) switch (option) {
	case 'n': children = atoi(optarg); break;
	case 'P': ports = atoi(optarg); break;
	case 'u': path = optarg; break;
	case 'k': keep = 1; break;
	case 'f': first = 1; break;
	default: return 2;
	}
	if (ports < 1 || ports > PORTS) return 2;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < ports; i++)
		listeners[i] = listener(strcmp(mode, "udp") ? SOCK_STREAM : SOCK_DGRAM);
	if (!strcmp(mode, "single")) by_accept();
	else if (!strcmp(mode, "fork")) forking();
	else if (!strcmp(mode, "prefork")) pool(by_accept);
	else if (!strcmp(mode, "epollex")) pool(by_epoll);
	else if (!strcmp(mode, "threads")) threads();
	else if (!strcmp(mode, "epoll")) looping();
	else if (!strcmp(mode, "udp")) datagrams();
	return 2;
}
