# What runs a Garage of one node, an S3 server. Sourced, after lib.sh.
# shellcheck shell=bash

random_hex() {
    head -c "$1" /dev/urandom | od -An -v -tx1 | tr -d ' \n'
}

# configure_garage FOLDER S3_PORT RPC_PORT: all that it keeps will lie in FOLDER.
configure_garage() {
    mkdir -p "$1"
    # Garage insists on the mode, since its secret is in there. Only other nodes would have to know that one.
    install -m 600 /dev/stdin "$1/garage.toml" <<END
metadata_dir = $(quote "$1/meta")
data_dir = $(quote "$1/data")
db_engine = "lmdb"
replication_factor = 1
rpc_bind_addr = "127.0.0.1:$3"
rpc_public_addr = "127.0.0.1:$3"
rpc_secret = "$(random_hex 32)"
[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$2"
END
}

# exec_garage FOLDER BUCKET KEY_ID SECRET: becomes Garage, which makes bucket and key when it starts for the first time.
exec_garage() {
    GARAGE_DEFAULT_BUCKET=$2 GARAGE_DEFAULT_ACCESS_KEY=$3 GARAGE_DEFAULT_SECRET_KEY=$4 \
        exec "$("$ROOT/scripts/garage")" -c "$1/garage.toml" server --single-node --default-bucket
}

# Those of `make up`. The name of a key is no secret.
# shellcheck disable=SC2034 # for the scripts that source this file
UP_S3_BUCKET=uploads UP_S3_KEY_ID=GK656a6162626572642d757000
