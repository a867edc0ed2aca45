#!/bin/sh
# The system packages the tests use: installed where we may, named where we may not (those tests are then skipped).
# Of MariaDB the programs only: the tests start a server of their own, on a socket of its own.
set -eu
missing=
command -v exiftool >/dev/null || missing="$missing libimage-exiftool-perl"
command -v mariadb-install-db >/dev/null && [ -x /usr/sbin/mariadbd ] || missing="$missing mariadb-server-core mariadb-client-core"
[ -x /usr/lib/postgresql/15/bin/initdb ] || missing="$missing postgresql-15"
command -v php >/dev/null && php -m | grep -q pdo_mysql && php -m | grep -q intl && php -m | grep -q zip || missing="$missing php-cli php-mysql php-intl php-mbstring php-zip"
command -v phpunit >/dev/null || missing="$missing phpunit"
[ -d /usr/share/php/smarty4 ] || missing="$missing smarty4"
command -v chromium >/dev/null || missing="$missing chromium"
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing$missing"
    apt-get update -qq
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
else
    echo "missing, their tests are skipped: sudo apt install$missing" >&2
fi
