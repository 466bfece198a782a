#!/bin/sh
# Makes the files of this folder anew. Keys are thrown away: nothing here can sign.
set -eu
cd "$(dirname "$0")"
keys=$(mktemp -d)
trap 'rm -rf "$keys"' EXIT

new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$keys/$1.key"; }
extensions() { printf '%b' "$1" > "$keys/ext"; }

new_key root
openssl req -x509 -new -key "$keys/root.key" -subj "/O=Example/CN=Example Root" -days 36500 \
    -addext keyUsage=critical,keyCertSign,cRLSign -out "$keys/root.pem"

new_key issuing
openssl req -new -key "$keys/issuing.key" -subj "/O=Example/CN=Example Issuing CA" -out "$keys/issuing.csr"
extensions 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n'
openssl x509 -req -in "$keys/issuing.csr" -CA "$keys/root.pem" -CAkey "$keys/root.key" -CAcreateserial \
    -days 36500 -extfile "$keys/ext" -out "$keys/issuing.pem"

new_key leaf
openssl req -new -key "$keys/leaf.key" -subj "/O=Example/CN=ntp1.example.net" -out request.pem
extensions 'subjectAltName=DNS:ntp1.example.net\nextendedKeyUsage=serverAuth\n'
openssl x509 -req -in request.pem -CA "$keys/issuing.pem" -CAkey "$keys/issuing.key" -CAcreateserial \
    -days 36500 -extfile "$keys/ext" -out "$keys/leaf.pem"

cat "$keys/leaf.pem" "$keys/issuing.pem" "$keys/root.pem" > chain.pem
