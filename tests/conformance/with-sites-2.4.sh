#!/bin/sh
# SPDX-License-Identifier: MIT
# Where iRedMail, Modoboa, Hermes SEG, chatmail and Debian 13 set it up, the plugin of Dovecot 2.4.1 and
# dovetap record the same.
exec "$(dirname "$0")/plugin.sh" 2.4 sites
