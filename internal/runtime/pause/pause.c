/*
 * pause holds a pod's namespaces open: it is the first process of every
 * sandbox, waits for ever, reaps the children it inherits when containers
 * share its process namespace, and ends on SIGTERM or SIGINT.
 *
 * It needs three system calls and no C library, so it is a few kilobytes of
 * static program and costs a pod one page of memory.
 *
 * The signals are blocked and waited for, rather than handled: to process 1
 * of a namespace the kernel delivers no signal with a default action, but it
 * does queue a blocked one.
 */

#if defined(__x86_64__)

#define NR_WAIT4 61
#define NR_EXIT_GROUP 231
#define NR_RT_SIGPROCMASK 14
#define NR_RT_SIGTIMEDWAIT 128

static long call4(long n, long a, long b, long c, long d)
{
	register long r10 __asm__("r10") = d;
	long ret;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10)
			 : "rcx", "r11", "memory");
	return ret;
}

#elif defined(__aarch64__)

#define NR_WAIT4 260
#define NR_EXIT_GROUP 94
#define NR_RT_SIGPROCMASK 135
#define NR_RT_SIGTIMEDWAIT 137

static long call4(long n, long a, long b, long c, long d)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	__asm__ volatile("svc 0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3)
			 : "memory");
	return x0;
}

#else
#error "pause knows the system calls of x86-64 and arm64"
#endif

#define SIG_INT 2
#define SIG_TERM 15
#define SIG_CHLD 17
#define SIG_BLOCK 0
#define WNOHANG 1
#define BIT(sig) (1ul << ((sig)-1))

void _start(void)
{
	unsigned long set = BIT(SIG_INT) | BIT(SIG_TERM) | BIT(SIG_CHLD);

	call4(NR_RT_SIGPROCMASK, SIG_BLOCK, (long)&set, 0, sizeof(set));
	for (;;) {
		long sig = call4(NR_RT_SIGTIMEDWAIT, (long)&set, 0, 0, sizeof(set));

		if (sig == SIG_INT || sig == SIG_TERM)
			call4(NR_EXIT_GROUP, 0, 0, 0, 0);
		while (call4(NR_WAIT4, -1, 0, WNOHANG, 0) > 0)
			;
	}
}
