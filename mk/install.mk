# SPDX-License-Identifier: MIT
# make install, the Debian package and the container image.

install: all ## install under DESTDIR and PREFIX
	install -D -m 0755 $(O)/dovetap $(DESTDIR)$(SBINDIR)/dovetap
	install -D -m 0755 $(O)/dovetap-attacher $(DESTDIR)$(LIBEXECDIR)/dovetap-attacher
	mkdir -p -m 0755 $(DESTDIR)$(MODULEDIR)
	$(if $(MODULES),install -m 0644 $(MODULE_FILES) $(DESTDIR)$(MODULEDIR))
	install -D -m 0644 docs/dovetap.8 $(DESTDIR)$(MANDIR)/man8/dovetap.8
	install -D -m 0644 docs/dovetap.conf.5 $(DESTDIR)$(MANDIR)/man5/dovetap.conf.5
	test -e $(DESTDIR)$(SYSCONFDIR)/dovetap/dovetap.conf || \
		install -D -m 0640 deploy/dovetap.conf $(DESTDIR)$(SYSCONFDIR)/dovetap/dovetap.conf
	install -D -m 0644 deploy/completion/dovetap.bash $(DESTDIR)$(BASHDIR)/dovetap
	install -D -m 0644 deploy/completion/_dovetap $(DESTDIR)$(ZSHDIR)/_dovetap
	install -D -m 0644 deploy/systemd/dovetap.sysusers $(DESTDIR)$(LIBDIR)/sysusers.d/dovetap.conf
	install -D -m 0644 deploy/systemd/dovetap.tmpfiles $(DESTDIR)$(LIBDIR)/tmpfiles.d/dovetap.conf
	mkdir -p $(DESTDIR)$(UNITDIR)
	sed 's,@SBINDIR@,$(SBINDIR),' deploy/systemd/dovetap.service.in > $(DESTDIR)$(UNITDIR)/dovetap.service
	install -D -m 0644 deploy/dovetap.logrotate $(DESTDIR)$(SYSCONFDIR)/logrotate.d/dovetap
	install -D -m 0644 docs/audit.schema.json $(DESTDIR)$(DATADIR)/dovetap/audit.schema.json

# What "make install" made with the same DESTDIR and PREFIX. Configuration, state and users stay.
INSTALLED = $(SBINDIR)/dovetap $(LIBEXECDIR)/dovetap-attacher $(ALL_MODULES:%=$(MODULEDIR)/%.so) \
	$(MANDIR)/man8/dovetap.8 $(MANDIR)/man5/dovetap.conf.5 $(BASHDIR)/dovetap $(ZSHDIR)/_dovetap \
	$(LIBDIR)/sysusers.d/dovetap.conf $(LIBDIR)/tmpfiles.d/dovetap.conf $(UNITDIR)/dovetap.service \
	$(SYSCONFDIR)/logrotate.d/dovetap $(DATADIR)/dovetap/audit.schema.json

uninstall: ## remove what "make install" made, but for configuration and state
	rm -f $(addprefix $(DESTDIR),$(INSTALLED))
	-rmdir --ignore-fail-on-non-empty $(addprefix $(DESTDIR),$(LIBEXECDIR) $(MODULEDIR) $(DATADIR)/dovetap)

# What the package is made of: the tree as it stands, less the tests.
DEB_FILES = $(wildcard $(shell git ls-files --cached --others --exclude-standard ':!tests' 2>/dev/null))
DEB_TREE := $(O)/deb/dovetap-$(VERSION)

deb: $(O)/deb/built ## build the Debian packages, .output/deb/dovetap*.deb, in a copy of the tree

$(O)/deb/built: $(DEB_FILES)
	$(say) DEB $(DEB_TREE)
	$(Q)rm -rf $(@D)
	$(Q)mkdir -p $(DEB_TREE)
	$(Q)cp --parents -t $(DEB_TREE) $(DEB_FILES)
	$(Q)cd $(DEB_TREE) && env -u MAKEFLAGS -u MAKELEVEL -u O dpkg-buildpackage --build=binary \
		--no-sign > ../build.log 2>&1 || { tail -n 30 ../build.log; exit 1; }
	$(Q)touch $@

image: ## build the container image, with buildah; BASE=debian:bookworm-slim: from a registry's (root)
	$(Q)tools/setup deploy
	$(Q)tools/image $(VERSION)

# The same where the tests look for it. They could not build it: they may have no network.
$(O)/image/built: $(DEB_FILES)
	$(say) IMAGE dovetap:$(VERSION)
	$(Q)mkdir -p $(@D)
	$(Q)tools/image --own-storage $(VERSION) > $(@D)/build.log 2>&1 || { tail -n 30 $(@D)/build.log; exit 1; }
	$(Q)touch $@

.PHONY: install uninstall deb image
