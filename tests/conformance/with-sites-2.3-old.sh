#!/bin/sh
# SPDX-License-Identifier: MIT
# Where iRedMail, Modoboa, Hermes SEG, chatmail and Debian 11 set it up, the plugin of Dovecot 2.3.13 and
# dovetap record the same.
exec "$(dirname "$0")/plugin.sh" 2.3 old-sites
