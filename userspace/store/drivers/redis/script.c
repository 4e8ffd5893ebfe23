/* SPDX-License-Identifier: MIT */
#include "store/drivers/redis/script.h"

#include <openssl/sha.h>
#include <stdio.h>

/* Values are made comparable as 11 digits of seconds and 9 of nanoseconds: Lua's numbers are
 * doubles, which do not hold them. store/stamp.h has the rule for their length. */
static const char newest[] =
	"local function ns(v)\n"
	"local n = #v\n"
	"if n > 20 or not string.find(v, '^%d+$') then return nil end\n"
	"local cut = n <= 11 and n or n <= 14 and n - 3 or n <= 17 and n - 6 or n - 9\n"
	"local frac = string.sub(v, cut + 1)\n"
	"return string.rep('0', 11 - cut) .. string.sub(v, 1, cut) .. frac\n"
	".. string.rep('0', 9 - #frac)\n"
	"end\n"
	"local old = redis.pcall('GET', KEYS[1])\n"
	"local old_ns = type(old) == 'string' and ns(old)\n"
	"local new_ns = ns(ARGV[1])\n"
	"if old_ns and new_ns and new_ns <= old_ns then return 0 end\n"
	"if ARGV[2] then redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])\n"
	"else redis.call('SET', KEYS[1], ARGV[1]) end\n"
	"return 1\n";

/* A row begins with its id, by which it is known: a replay may have found another time, which is
 * looked for within ten minutes, and less of the rest. */
static const char history[] =
	"local near = redis.pcall('ZRANGEBYSCORE', KEYS[1], ARGV[1] - 600000000,\n"
	"ARGV[1] + 600000000)\n"
	"if near.err then\n"
	"redis.call('DEL', KEYS[1])\n"
	"near = {}\n"
	"end\n"
	"if #near > 0 then\n"
	"local id = string.match(ARGV[2], '^[^\t]*')\n"
	"for _, row in ipairs(near) do\n"
	"if string.sub(row, 1, #id) == id then return 0 end\n"
	"end\n"
	"end\n"
	"redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])\n"
	"redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])\n"
	"if ARGV[4] then\n"
	"redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf',\n"
	"string.format('(%.0f', ARGV[1] - ARGV[4] * 1000000))\n"
	"redis.call('EXPIRE', KEYS[1], ARGV[4])\n"
	"end\n"
	"return 1\n";

struct slice redis_script(void)
{
	return (struct slice){newest, sizeof(newest) - 1};
}

struct slice redis_history_script(void)
{
	return (struct slice){history, sizeof(history) - 1};
}

void redis_script_name(struct slice script, char sha_r[REDIS_SHA_SIZE])
{
	unsigned char digest[SHA_DIGEST_LENGTH];

	SHA1((const unsigned char *)script.ptr, script.len, digest);
	for (size_t i = 0; i < SHA_DIGEST_LENGTH; i++)
		snprintf(sha_r + 2 * i, 3, "%02x", digest[i]);
}
