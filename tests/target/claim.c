/* SPDX-License-Identifier: MIT */
/*
 * Makes up logins as any user of a machine can: calls a probed function of the real Dovecot on an
 * object of its own. What the function then does with that ends in a signal, which is caught.
 *
 *	claim LIBRARY FUNCTION ABI TABLE USER TIMES	with the library loaded
 *	LD_PRELOAD=libclaim.so CLAIM="FUNCTION ABI TABLE USER TIMES" PROGRAM	within a program
 *
 * USER is the name, with the number of the call behind it. Prints how often it called.
 */
#include <dlfcn.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "target/login_image.h"

typedef void probed_fn(void *object, void *more);

static sigjmp_buf back;

static void on_end(int number)
{
	siglongjmp(back, number);
}

static void catch_all(void)
{
	static const int signals[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action = {.sa_handler = on_end, .sa_flags = SA_NODEFER};

		sigaction(signals[i], &action, NULL);
	}
}

static void call(probed_fn *function, void *object)
{
	static char nothing[4096];

	if (sigsetjmp(back, 1) == 0)
		function(object, nothing);
}

static void claim_mailbox(probed_fn *function, const char *abi, const struct layout_table *table,
			  const struct target_login *login)
{
	struct mail_user_image image;

	mail_user_image_init(&image, table, abi, 0, login);
	call(function, image.user.bytes);
	mail_user_image_release(&image);
}

static void claim_authentication(probed_fn *function, const char *abi,
				 const struct layout_table *table, const struct target_login *login)
{
	struct image image;

	auth_request_image_init(&image, table, abi, 0, login);
	call(function, image.bytes);
	image_release(&image);
}

static struct layout_table read_table(const char *path)
{
	struct layout_table table;
	struct error error;
	static char text[1 << 20];
	FILE *file = fopen(path, "re");
	size_t len = file ? fread(text, 1, sizeof(text), file) : 0;

	if (layout_table_parse((struct slice){text, len}, path, &table, &error) < 0)
		exit(EXIT_FAILURE);
	(void)fclose(file);
	return table;
}

struct claim {
	char function[64], abi[64], table[256], user[64];
	unsigned long times;
};

static void claim_all(const struct claim *claim)
{
	probed_fn *function = (probed_fn *)dlsym(RTLD_DEFAULT, claim->function);
	struct layout_table table = read_table(claim->table);
	struct target_login login = target_login_plain;
	char name[96], session[96];

	if (!function) {
		(void)fprintf(stderr, "no %s\n", claim->function);
		_exit(EXIT_FAILURE);
	}
	catch_all();
	login.username = login.auth_user = name;
	login.session_id = session;
	for (unsigned long i = 0; i < claim->times; i++) {
		(void)snprintf(name, sizeof(name), "%s%lu", claim->user, i);
		(void)snprintf(session, sizeof(session), "claim/%d/%lu", (int)getpid(), i);
		if (strncmp(claim->function, "auth", 4) == 0)
			claim_authentication(function, claim->abi, &table, &login);
		else
			claim_mailbox(function, claim->abi, &table, &login);
	}
	(void)printf("%lu calls\n", claim->times);
	(void)fflush(stdout);
	_exit(EXIT_SUCCESS);
}

#ifdef CLAIM_PRELOADED
__attribute__((constructor)) static void preloaded(void)
{
	const char *words = getenv("CLAIM");
	struct claim claim;

	if (words && sscanf(words, "%63s %63s %255s %63s %lu", claim.function, claim.abi,
			    claim.table, claim.user, &claim.times) == 5)
		claim_all(&claim);
}
#else
int main(int argc, char **argv)
{
	struct claim claim = {.times = 0};

	if (argc != 7 || !dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL)) {
		(void)fprintf(stderr, "claim: %s\n", argc == 7 ? dlerror() : "six arguments");
		return EXIT_FAILURE;
	}
	(void)snprintf(claim.function, sizeof(claim.function), "%s", argv[2]);
	(void)snprintf(claim.abi, sizeof(claim.abi), "%s", argv[3]);
	(void)snprintf(claim.table, sizeof(claim.table), "%s", argv[4]);
	(void)snprintf(claim.user, sizeof(claim.user), "%s", argv[5]);
	claim.times = strtoul(argv[6], NULL, 10);
	claim_all(&claim);
}
#endif
