#!/bin/bash
# SPDX-License-Identifier: MIT
# The Debian package: what lintian says, and dpkg's way with it in a clean root directory where
# systemd is installed and does not run: installation, upgrade, removal, purge.
. "$(dirname "$0")/lib.sh"

# Mounts of our own, so that none is left.
if [[ -z ${DOVETAP_TEST_MOUNTS:-} ]]; then
	export DOVETAP_TEST_MOUNTS=own
	exec unshare --mount "$0" "$@"
fi
plan 31
root=$tmp/root
at_end 'umount --recursive "$root"'

rotates() { # by the file as it is installed, but for places and users of here
	mkdir "$tmp/log"
	echo record > "$tmp/log/audit.log"
	dpkg-deb --fsys-tarfile "$package" | tar --extract --to-stdout ./etc/logrotate.d/dovetap |
		sed "s,/var/log/dovetap,$tmp/log,; s/su root [a-z-]*/su root root/; s/systemctl reload dovetap/touch rotated/" \
			> "$tmp/logrotate"
	(cd "$tmp/log" && logrotate --force --state "$tmp/logrotate.state" "$tmp/logrotate" 2>&1)
	same 'audit.log.1 rotated' "$(cd "$tmp/log" && echo *)"
}

make_root() {
	"$top/tools/rootfs" service | note
	mkdir -p "$root" "$tmp/upper" "$tmp/work"
	mount -t overlay -o "lowerdir=$(root_folder service),upperdir=$tmp/upper,workdir=$tmp/work" \
		root "$root"
	mount -t proc proc "$root/proc"
}

in_root() {
	env --ignore-environment PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive \
		chroot "$root" "$@"
}

make_predecessor() { # the same package with a lower version, another default and another program
	dpkg-deb --raw-extract "$package" "$tmp/old"
	sed -i 's/^Version: .*/Version: 0.0.1-1/' "$tmp/old/DEBIAN/control"
	echo '# Defaults of long ago.' >> "$tmp/old/etc/dovetap/dovetap.conf"
	printf '#!/bin/sh\necho dovetap 0.0.1\n' > "$tmp/old/usr/sbin/dovetap"
	dpkg-deb --root-owner-group --build "$tmp/old" "$root/old.deb"
	cp "$package" "$root/new.deb"
}

put_modules() { # their packages, as /modules/dovetap-NAME.deb
	local file
	mkdir "$root/modules"
	for file in "${module_packages[@]}"; do
		cp "$file" "$root/modules/$(basename "${file%%_*}").deb"
	done
}

has_modules() { # names: each has a package, that package has it, and none has another
	same "$(printf '%s\n' "$@")" "$(for file in "${module_packages[@]}"; do
		dpkg-deb --contents "$file" | sed -n 's,.* \./usr/lib/dovetap/\(.*\)\.so$,\1,p'
	done)"
}

# What the driver has to say about a dict without its settings; no server is asked.
driver_is_there() { # name...
	local name
	for name in "$@"; do
		fails_with 78 "dict $name: " in_root dovetap lookup --dict "$name:" alice
		has_no_line module "$tmp/fails.out"
	done
}

version() { # of the program, and of the package
	in_root dovetap --version
	# shellcheck disable=SC2016
	in_root dpkg-query --show --showformat '${db:Status-Status} ${Version}\n' dovetap
}

is_version() { # program's, package's
	same "dovetap $1"$'\n'"installed $2" "$(version)"
}

in_package() { # paths: all are
	dpkg-deb --contents "$package" | awk '{print $6}' > "$tmp/contents"
	local path
	for path in "$@"; do
		grep -qxF ".$path" "$tmp/contents" || { echo "no $path"; return 1; }
	done
}

configuration_is() { # file
	diff "$1" "$root/etc/dovetap/dovetap.conf"
}

is_there() { # paths
	local path
	for path in "$@"; do
		[[ -e $root$path ]] || { echo "no $path"; return 1; }
	done
}

is_gone() { # paths
	local path
	for path in "$@"; do
		[[ ! -e $root$path && ! -L $root$path ]] || { echo "$path is there"; return 1; }
	done
}

has_users() { # of the collector and of the searcher
	in_root getent passwd dovetap
	in_root getent passwd dovetap-search
}

package_built
numbers=$("$dovetap" --version)
numbers=${numbers#dovetap }
enabled=/etc/systemd/system/multi-user.target.wants/dovetap.service

check 'lintian has nothing to say' lintian --allow-root --display-info --pedantic \
	--fail-on error,warning,info,pedantic "$package" "${module_packages[@]}"
check 'each module has a package' has_modules cassandra geoip mysql pgsql redis
check 'it has what a package has' in_package /usr/sbin/dovetap /etc/dovetap/dovetap.conf \
	/lib/systemd/system/dovetap.service /usr/lib/sysusers.d/dovetap.conf \
	/usr/lib/tmpfiles.d/dovetap.conf /usr/share/man/man8/dovetap.8.gz \
	/usr/share/man/man5/dovetap.conf.5.gz /usr/share/bash-completion/completions/dovetap \
	/usr/share/zsh/vendor-completions/_dovetap /usr/share/doc/dovetap/copyright \
	/usr/share/doc/dovetap/changelog.gz /usr/share/doc/dovetap/examples/prometheus/alerts.yml \
	/usr/share/doc/dovetap/examples/grafana/dovetap.json \
	/usr/share/dovetap/audit.schema.json /etc/logrotate.d/dovetap

check 'nobody but root may read its configuration' same '-rw-r-----' \
	"$(dpkg-deb --contents "$package" | awk '$6 == "./etc/dovetap/dovetap.conf" { print $1 }')"

check 'logrotate rotates the audit stream' rotates

make_root
make_predecessor > "$tmp/predecessor.log"
put_modules
check 'it installs' in_root dpkg --install /new.deb
check 'its version is that of the program' is_version "$numbers" "$numbers-1"
check 'there are its users' has_users
check 'the user has a state directory' is_there /var/lib/dovetap
check 'the service will start at the next boot' test -L "$root$enabled"
check 'the configuration is right' in_root dovetap config show --config /etc/dovetap/dovetap.conf
check 'nothing of dovetap is altered' in_root dpkg --verify dovetap
check 'a module that is not installed is named' fails_with 78 \
	'dict redis needs the module /usr/lib/dovetap/redis.so, which is not installed: apt-get install dovetap-redis' \
	chroot "$root" /usr/sbin/dovetap lookup --dict redis: alice
check 'its package installs' in_root dpkg --install /modules/dovetap-redis.deb
check 'so do the others' in_root dpkg --install --recursive /modules
check 'the program finds them' driver_is_there mysql pgsql cassandra
check 'with them it cannot be removed alone' fails_with 1 'dovetap-redis depends on dovetap' \
	env PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot "$root" dpkg --remove dovetap
check 'the modules are purged' in_root dpkg --purge dovetap-cassandra dovetap-geoip dovetap-mysql dovetap-pgsql \
	dovetap-redis
check 'it is purged' in_root dpkg --purge dovetap
check 'with all that it made' is_gone /etc/dovetap /var/lib/dovetap /var/log/dovetap "$enabled" /usr/sbin/dovetap \
	/usr/lib/sysusers.d/dovetap.conf
check 'but for the numbers of the users' has_users

check 'an older one installs' in_root dpkg --install /old.deb
check 'which is what it is' is_version 0.0.1 0.0.1-1
echo record > "$root/var/lib/dovetap/last-login.db"
check 'it is upgraded' in_root dpkg --install /new.deb
check 'to the new program' is_version "$numbers" "$numbers-1"
check 'untouched defaults are the new ones' configuration_is "$top/deploy/dovetap.conf"

in_root dpkg --install --force-downgrade /old.deb > "$tmp/downgrade.log" 2>&1
echo '# Mine.' | tee "$root/etc/dovetap/dovetap.conf" > "$tmp/mine"
check 'again' in_root dpkg --install --force-confdef --force-confold /new.deb
check "an administrator's configuration stays" configuration_is "$tmp/mine"
check 'records stay' is_there /var/lib/dovetap/last-login.db
check 'it is removed' in_root dpkg --remove dovetap
check 'records and configuration stay' is_there /var/lib/dovetap/last-login.db \
	/etc/dovetap/dovetap.conf
