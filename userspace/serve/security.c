/* SPDX-License-Identifier: MIT */
#include "serve/security.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdlib.h>

#include "serve/tokens.h"

/* Both are from 2008 or later and without a known weakness. */
static const char priorities[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%SERVER_PRECEDENCE";

struct security {
	struct security_files files;
	struct tokens tokens;
};

bool security_is_complete(const struct security_files *files)
{
	return files->certificate.ptr && files->key.ptr &&
	       (files->client_ca.ptr || files->tokens.ptr);
}

/* --- files ----------------------------------------------------------------------------------- */

static gnutls_datum_t datum(struct slice text)
{
	return (gnutls_datum_t){(unsigned char *)(uintptr_t)text.ptr, (unsigned int)text.len};
}

/* What a library call returns for the files: less than 0, or how many it has taken. */
static int try_files(const struct security_files *files, bool client_ca)
{
	const gnutls_datum_t certificate = datum(files->certificate), key = datum(files->key);
	const gnutls_datum_t ca = datum(files->client_ca);
	gnutls_certificate_credentials_t credentials;
	int code = gnutls_certificate_allocate_credentials(&credentials);

	if (code < 0)
		return code;
	if (client_ca)
		code = gnutls_certificate_set_x509_trust_mem(credentials, &ca, GNUTLS_X509_FMT_PEM);
	else
		code = gnutls_certificate_set_x509_key_mem(credentials, &certificate, &key,
							   GNUTLS_X509_FMT_PEM);
	gnutls_certificate_free_credentials(credentials);
	return code;
}

int security_check_certificate(const struct security_files *files, struct error *error_r)
{
	int code;

	if (!files->certificate.ptr != !files->key.ptr)
		return error_set(error_r, EINVAL, "a certificate and its key go together");
	code = files->certificate.ptr ? try_files(files, false) : 0;
	return code < 0 ? error_set(error_r, EINVAL, "no certificate with its key, in PEM: %s",
				    gnutls_strerror(code))
			: 0;
}

int security_check_client_ca(const struct security_files *files, struct error *error_r)
{
	int code = files->client_ca.ptr ? try_files(files, true) : 1;

	if (code > 0)
		return 0;
	return error_set(error_r, EINVAL, "no certificate of a CA, in PEM%s%s",
			 code < 0 ? ": " : "", code < 0 ? gnutls_strerror(code) : "");
}

/* --- the server ------------------------------------------------------------------------------ */

int security_new(const struct security_files *files, struct security **security_r,
		 struct error *error_r)
{
	struct security *security = calloc(1, sizeof(*security));
	int ret;

	if (!security)
		return error_set(error_r, ENOMEM, "out of memory");
	ret = security_check_certificate(files, error_r);
	if (ret == 0)
		ret = security_check_client_ca(files, error_r);
	if (ret == 0 && files->tokens.ptr)
		ret = tokens_parse(files->tokens, &security->tokens, error_r);
	if (ret < 0) {
		security_free(&security);
		return ret;
	}
	security->files = *files;
	*security_r = security;
	return 0;
}

void security_free(struct security **security)
{
	free(*security);
	*security = NULL;
}

static bool has_tls(const struct security *security)
{
	return security && security->files.certificate.ptr;
}

unsigned int security_flags(const struct security *security)
{
	return has_tls(security) ? MHD_USE_TLS : 0;
}

static void add(struct MHD_OptionItem **at, enum MHD_OPTION option, const char *text)
{
	*(*at)++ = (struct MHD_OptionItem){option, 0, (void *)(uintptr_t)text};
}

void security_options(const struct security *security,
		      struct MHD_OptionItem options_r[SECURITY_OPTIONS])
{
	struct MHD_OptionItem *at = options_r;

	if (has_tls(security)) {
		add(&at, MHD_OPTION_HTTPS_MEM_CERT, security->files.certificate.ptr);
		add(&at, MHD_OPTION_HTTPS_MEM_KEY, security->files.key.ptr);
		add(&at, MHD_OPTION_HTTPS_PRIORITIES, priorities);
	}
	if (has_tls(security) && security->files.client_ca.ptr)
		add(&at, MHD_OPTION_HTTPS_MEM_TRUST, security->files.client_ca.ptr);
	add(&at, MHD_OPTION_END, NULL);
}

/* The library asks for a certificate, and leaves it to us to look at it. */
static bool has_certificate(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	gnutls_typed_vdata_st purpose = {
		.type = GNUTLS_DT_KEY_PURPOSE_OID,
		.data = (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_CLIENT,
	};
	unsigned int status = 0;

	return info && info->tls_session &&
	       gnutls_certificate_verify_peers(info->tls_session, &purpose, 1, &status) == 0 &&
	       status == 0;
}

unsigned int security_refuses(const struct security *security, struct MHD_Connection *connection)
{
	if (!security)
		return 0;
	if (security->files.client_ca.ptr && !has_certificate(connection))
		return MHD_HTTP_FORBIDDEN;
	if (security->tokens.count > 0 &&
	    !tokens_accept(&security->tokens,
			   MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
						       MHD_HTTP_HEADER_AUTHORIZATION)))
		return MHD_HTTP_UNAUTHORIZED;
	return 0;
}
