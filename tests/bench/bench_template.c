/* SPDX-License-Identifier: MIT */
/*
 * Time of one expansion of the key of the plugin's MySQL example, next to an snprintf() of the same
 * text: bench_template [LIMIT]. Fails when the expansion takes more than LIMIT nanoseconds (300),
 * best of many short rounds, so that a busy machine does not decide; or when any template allocates
 * while it is expanded.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "login/template/template.h"

#define ROUNDS	  200
#define PER_ROUND 5000

static const char documented[] = "last-login/%{service}/%{user}/%{remote_ip}";

static const struct {
	enum template_language language;
	const char *text;
} without_allocation[] = {
	{TEMPLATE_V23, documented},
	{TEMPLATE_V23, "%Lu/%2.256Hu/%5.3Ru/%{sha1;salt=%d:user}/%{if;%s;*;im*;%Dd;b}"},
	{TEMPLATE_V24, "%{user | lower | domain | base64}/%{process:pid % 16 | hex(4)}"},
	{TEMPLATE_V24, "%{user | hash('sha1', rounds=3)}/%{if(service, 'eq', 'imap', user, 'x')}"},
};

struct bench {
	struct template *template;
	struct login login;
	struct buf out;
};

static void expand(struct bench *bench)
{
	struct key_part parts[8];
	struct error error;
	size_t count;

	buf_reset(&bench->out);
	if (template_expand(bench->template, &bench->login, NULL, &bench->out, parts, 8, &count,
			    &error) < 0)
		abort();
}

/* What a plugin written by hand would do. */
static void print(struct bench *bench)
{
	char ip[LOGIN_IP_TEXT_MAX], key[256];
	const struct slice *text = bench->login.text;

	(void)login_ip_text(&bench->login.remote_ip, ip);
	bench->out.len = (size_t)snprintf(
		key, sizeof(key), "last-login/%.*s/%.*s/%s", (int)text[DOVETAP_FIELD_SERVICE].len,
		text[DOVETAP_FIELD_SERVICE].ptr, (int)text[DOVETAP_FIELD_USERNAME].len,
		text[DOVETAP_FIELD_USERNAME].ptr, ip);
	__asm__ volatile("" : : "g"(key) : "memory");
}

static unsigned long allocations;

void *__libc_malloc(size_t size);

/* Counts: the C library calls this one for everybody. */
void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}

static double best_ns(void (*step)(struct bench *), struct bench *bench)
{
	double best = 1e9, ns;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t start = clock_monotonic_ns();

		for (int i = 0; i < PER_ROUND; i++)
			step(bench);
		ns = (double)(clock_monotonic_ns() - start) / PER_ROUND;
		best = ns < best ? ns : best;
	}
	return best;
}

static void prepare(struct bench *bench, enum template_language language, const char *text)
{
	struct error error;

	if (template_compile(text, language, "bench", NULL, &bench->template, &error) < 0)
		abort();
	bench->login.text[DOVETAP_FIELD_USERNAME] = slice_str("someone@example.com");
	bench->login.text[DOVETAP_FIELD_SERVICE] = slice_str("imap");
	bench->login.remote_ip.family = AF_INET;
	(void)inet_pton(AF_INET, "192.0.2.117", bench->login.remote_ip.bytes);
	buf_init(&bench->out, 4096);
}

static void release(struct bench *bench)
{
	template_free(&bench->template);
	buf_release(&bench->out);
}

/* The first expansion may make the buffer grow. */
static bool allocates(enum template_language language, const char *text)
{
	struct bench bench = {0};
	unsigned long before;

	prepare(&bench, language, text);
	expand(&bench);
	before = allocations;
	for (int i = 0; i < 100; i++)
		expand(&bench);
	release(&bench);
	if (allocations > before)
		printf("%lu allocations in 100 expansions of %s\n", allocations - before, text);
	return allocations > before;
}

int main(int argc, char **argv)
{
	double limit = argc > 1 ? strtod(argv[1], NULL) : 300, ours, theirs;
	struct bench bench = {0};
	bool allocated = false;

	prepare(&bench, TEMPLATE_V23, documented);
	ours = best_ns(expand, &bench);
	theirs = best_ns(print, &bench);
	printf("template_expand %.0f ns/op (limit %.0f), snprintf of the same text %.0f ns/op, "
	       "ratio %.2f\n",
	       ours, limit, theirs, ours / theirs);
	release(&bench);
	for (size_t i = 0; i < sizeof(without_allocation) / sizeof(without_allocation[0]); i++)
		allocated |= allocates(without_allocation[i].language, without_allocation[i].text);
	return ours <= limit && !allocated ? 0 : 1;
}
