#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Makes ./secrets once: a password of the brokers among themselves, one of the exchange, and the exchange's kafka.properties.
# The files can be read by everybody and the folder by its owner alone: so the containers, each a user of its own, can read what is
# mounted into them, and nobody else on this machine can.
set -eu
cd "$(dirname "$0")"
[ ! -e secrets ] || { echo "secrets is there already; its passwords stay" >&2; exit 1; }
word() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }
broker=$(word) exchange=$(word)
mkdir -m 0700 secrets
umask 022
printf 'broker=%s\nexchange=%s\n' "$broker" "$exchange" > secrets/kafka_passwords
cat > secrets/kafka.properties <<TEXT
security.protocol = SASL_PLAINTEXT
sasl.mechanism = PLAIN
sasl.username = exchange
sasl.password = $exchange
TEXT
