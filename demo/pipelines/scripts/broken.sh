#!/bin/sh
# Fails, and says why.
echo "reading the configuration"
sleep 1
echo "error: $WORK/missing.conf: no such file" >&2
exit 3
