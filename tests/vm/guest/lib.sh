set -u
