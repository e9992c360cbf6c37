"""Serves moto on a free port of 127.0.0.1 until standard input ends. Prints the URL when it serves."""

import logging
import sys

from moto.server import ThreadedMotoServer

# A line for each request would be noise among the results of the tests.
logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
host, port = server.get_host_and_port()
print(f"http://{host}:{port}", flush=True)
sys.stdin.read()
server.stop()
